#include "services/messaging/feeds_internal_service.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "services/messaging/render.h"

namespace chat::messaging {
namespace {

// ReadMany: ids of a request, ids a query, and what leaves a reply room below gRPC's 16 MiB.
constexpr size_t kMostRead = 1000;
constexpr size_t kReadAtOnce = 50;
constexpr size_t kMaxReplyBytes = 8 << 20;

}  // namespace

grpc::Status FeedsInternalService::Apply(grpc::ServerContext* context,
                                         const v1::ApplyRequest* request, v1::ApplyReply*) {
  return rpc::Serve(context, "FeedsInternal/Apply", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(Announcement announcement, projections_.Apply(call.deadline, *request));
    for (Announced& announced : announcement.events) announced.event.set_trace(call.trace);
    sink_.Publish(std::move(announcement));
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::Views(grpc::ServerContext* context,
                                         const v1::ViewsRequest* request, v1::ViewsReply* reply) {
  return rpc::Serve(context, "FeedsInternal/Views", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(std::vector<PgHistoryStore::View> views,
                          history_.Views(call.deadline, RosterId{request->roster_id()},
                                         {request->peers().begin(), request->peers().end()},
                                         {request->rooms().begin(), request->rooms().end()}));
    for (const PgHistoryStore::View& view : views) {
      v1::FeedView& out = *reply->add_views();
      out.set_reader(view.reader);
      out.set_unread(view.unread);
      if (view.last) *out.mutable_last() = RenderMessage(*view.last);
    }
    links_.Fill(call, reply);
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::Access(grpc::ServerContext* context,
                                          const v1::FeedAccessRequest* request,
                                          v1::FeedAccessReply* reply) {
  return rpc::Serve(context, "FeedsInternal/Access", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        PgProjectionStore::Access access,
        projections_.AccessTo(call.deadline, AccountId{request->account_id()}, request->topic()));
    reply->set_read(access.read);
    reply->set_write(access.write);
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::Relay(grpc::ServerContext* context,
                                         const v1::RelayRequest* request, v1::RelayReply*) {
  return rpc::Serve(context, "FeedsInternal/Relay", [&](const rpc::Call& call) -> absl::Status {
    v1::Event event;
    event.set_topic(request->topic());
    event.set_qos(request->qos());
    event.set_author_client(request->client_id());
    if (request->has_record()) {
      *event.mutable_record() = request->record();
    } else {
      event.set_payload(request->payload());
    }
    return lane_.Relay(call, AccountId{request->account_id()}, RosterId(), std::move(event));
  });
}

grpc::Status FeedsInternalService::Read(grpc::ServerContext* context,
                                        const v1::ReadRequest* request, v1::Message* reply) {
  return rpc::Serve(context, "FeedsInternal/Read", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        std::optional<MessageRow> row,
        messages_.Readable(call.deadline, RosterId{request->roster_id()}, request->message_id()));
    if (!row) return absl::NotFoundError("the roster reads no such message");
    *reply = RenderMessage(*row);
    links_.Fill(call, reply);
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::MayRead(grpc::ServerContext* context,
                                           const v1::MayReadRequest* request,
                                           v1::MayReadReply* reply) {
  return rpc::Serve(context, "FeedsInternal/MayRead", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(bool may,
                          objects_.MayRead(call.deadline, AccountId{request->account_id()},
                                           AccountId{request->uploader()},
                                           {request->names().begin(), request->names().end()}));
    reply->set_may(may);
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::ReadMany(grpc::ServerContext* context,
                                            const v1::ReadManyRequest* request,
                                            v1::ReadManyReply* reply) {
  return rpc::Serve(context, "FeedsInternal/ReadMany", [&](const rpc::Call& call) -> absl::Status {
    const std::vector<int64_t> ids(request->message_ids().begin(), request->message_ids().end());
    if (ids.size() > kMostRead) return absl::InvalidArgumentError("ReadManyRequest: too many ids");
    size_t bytes = 0;
    for (size_t begin = 0; begin < ids.size(); begin += kReadAtOnce) {
      const size_t end = std::min(ids.size(), begin + kReadAtOnce);
      CHAT_ASSIGN_OR_RETURN(
          const std::vector<MessageRow> rows,
          messages_.Readable(call.deadline, RosterId{request->roster_id()},
                             std::vector(ids.begin() + static_cast<ptrdiff_t>(begin),
                                         ids.begin() + static_cast<ptrdiff_t>(end))));
      std::map<int64_t, const MessageRow*> by_id;
      for (const MessageRow& row : rows) by_id[row.id] = &row;
      for (size_t i = begin; i < end; ++i) {
        if (const auto found = by_id.find(ids[i]); found != by_id.end()) {
          v1::Message message = RenderMessage(*found->second);
          links_.Fill(call, &message);
          bytes += message.ByteSizeLong();
          if (bytes > kMaxReplyBytes && reply->answered() > 0) return absl::OkStatus();
          *reply->add_messages() = std::move(message);
        }
        reply->set_answered(static_cast<int32_t>(i + 1));
      }
    }
    return absl::OkStatus();
  });
}

grpc::Status FeedsInternalService::EndSessions(grpc::ServerContext* context,
                                               const v1::EndSessionsRequest* request,
                                               v1::EndSessionsReply*) {
  return rpc::Serve(
      context, "FeedsInternal/EndSessions", [&](const rpc::Call& call) -> absl::Status {
        if (request->account_id() <= 0) {
          return absl::InvalidArgumentError("EndSessionsRequest.account_id: missing");
        }
        const AccountId account{request->account_id()};
        CHAT_RETURN_IF_ERROR(sessions_.End(call.deadline, account, request->client_id()));
        v1::Event event;
        event.set_lane(v1::Event::TRANSIENT);
        event.set_ends_session(true);
        event.set_client_id(request->client_id());
        event.set_qos(1);
        event.set_trace(call.trace);
        if (request->has_record()) *event.mutable_record() = request->record();
        lane_.Tell(account, event);
        return absl::OkStatus();
      });
}

}  // namespace chat::messaging
