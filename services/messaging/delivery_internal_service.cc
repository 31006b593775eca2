#include "services/messaging/delivery_internal_service.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/call.h"

namespace chat::messaging {

namespace {

constexpr int kMaxReplay = 1000;
constexpr int64_t kReplayBytes = 1 << 20;
constexpr int64_t kMaxExpiryS = 10LL * 365 * 86'400;

}  // namespace

absl::StatusOr<int64_t> DeliveryInternalService::Stable() const {
  std::optional<int64_t> stable = horizon_.stable();
  if (!stable) return absl::UnavailableError("the stable horizon is not known yet");
  return *stable;
}

grpc::Status DeliveryInternalService::OpenSession(grpc::ServerContext* context,
                                                  const v1::OpenSessionRequest* request,
                                                  v1::OpenSessionReply* reply) {
  return rpc::Serve(
      context, "DeliveryInternal/OpenSession", [&](const rpc::Call& call) -> absl::Status {
        if (request->account_id() < 0 || request->client_id().empty() || request->expiry_s() < 0 ||
            request->expiry_s() > kMaxExpiryS) {
          return absl::InvalidArgumentError("OpenSessionRequest: account, client id or expiry");
        }
        CHAT_ASSIGN_OR_RETURN(int64_t stable, Stable());
        CHAT_ASSIGN_OR_RETURN(*reply, sessions_.Open(call.deadline, *request, stable));
        return absl::OkStatus();
      });
}

grpc::Status DeliveryInternalService::CloseSession(grpc::ServerContext* context,
                                                   const v1::CloseSessionRequest* request,
                                                   v1::CloseSessionReply*) {
  return rpc::Serve(context, "DeliveryInternal/CloseSession", [&](const rpc::Call& call) {
    return sessions_.Close(call.deadline, *request);
  });
}

grpc::Status DeliveryInternalService::FlushCursors(grpc::ServerContext* context,
                                                   const v1::FlushCursorsRequest* request,
                                                   v1::FlushCursorsReply* reply) {
  return rpc::Serve(
      context, "DeliveryInternal/FlushCursors", [&](const rpc::Call& call) -> absl::Status {
        if (request->sessions().empty()) return absl::OkStatus();
        CHAT_ASSIGN_OR_RETURN(std::vector<int64_t> stale, sessions_.Flush(call.deadline, *request));
        reply->mutable_stale()->Add(stale.begin(), stale.end());
        return absl::OkStatus();
      });
}

grpc::Status DeliveryInternalService::Replay(grpc::ServerContext* context,
                                             const v1::ReplayRequest* request,
                                             v1::ReplayReply* reply) {
  return rpc::Serve(context, "DeliveryInternal/Replay", [&](const rpc::Call& call) -> absl::Status {
    int limit = request->limit() <= 0 ? kMaxReplay : std::min(request->limit(), kMaxReplay);
    // Before the query: what is at or below it is committed and will be seen.
    const int64_t stable = horizon_.stable().value_or(0);
    CHAT_ASSIGN_OR_RETURN(*reply, replay_.Replay(call.deadline, AccountId{request->account_id()},
                                                 request->above(), limit, kReplayBytes,
                                                 {request->had().begin(), request->had().end()}));
    reply->set_stable(stable);
    links_.Fill(call, reply);
    return absl::OkStatus();
  });
}

grpc::Status DeliveryInternalService::ChangedSince(grpc::ServerContext* context,
                                                   const v1::ChangedSinceRequest* request,
                                                   v1::ChangedSinceReply* reply) {
  return rpc::Serve(
      context, "DeliveryInternal/ChangedSince", [&](const rpc::Call& call) -> absl::Status {
        // Before the query: what is at or below it is committed and will be seen.
        CHAT_ASSIGN_OR_RETURN(int64_t stable, Stable());
        reply->set_horizon(stable);
        CHAT_ASSIGN_OR_RETURN(
            std::vector<int64_t> changed,
            replay_.ChangedSince(call.deadline,
                                 {request->account_id().begin(), request->account_id().end()},
                                 request->above(), stable));
        reply->mutable_account_id()->Add(changed.begin(), changed.end());
        return absl::OkStatus();
      });
}

grpc::Status DeliveryInternalService::RoomFeeds(grpc::ServerContext* context,
                                                const v1::RoomFeedsRequest* request,
                                                v1::RoomFeedsReply* reply) {
  return rpc::Serve(
      context, "DeliveryInternal/RoomFeeds", [&](const rpc::Call& call) -> absl::Status {
        CHAT_ASSIGN_OR_RETURN(std::vector<v1::RoomFeed> feeds,
                              projections_.RoomFeeds(call.deadline, {request->account_id().begin(),
                                                                     request->account_id().end()}));
        for (v1::RoomFeed& feed : feeds) *reply->add_feeds() = std::move(feed);
        return absl::OkStatus();
      });
}

}  // namespace chat::messaging
