#include "services/messaging/open_topics_service.h"

#include "libs/base/status.h"
#include "libs/mqtt/topic.h"
#include "libs/rpc/call.h"

namespace chat::messaging {

namespace {

constexpr char kChannel[] = "open";
constexpr int kMaxBatch = 1000;
constexpr int kMaxAsked = 1000;

}  // namespace

grpc::Status OpenTopicsService::Publish(grpc::ServerContext* context,
                                        const v1::OpenPublishRequest* request,
                                        v1::OpenPublishReply* reply) {
  return rpc::Serve(context, "OpenTopicsInternal/Publish",
                    [&](const rpc::Call& call) -> absl::Status {
                      if (request->messages().empty() || request->messages_size() > kMaxBatch) {
                        return absl::InvalidArgumentError("OpenPublishRequest.messages: 1 to 1000");
                      }
                      for (const v1::OpenMessage& message : request->messages()) {
                        if (!mqtt::IsValidTopicName(message.topic())) {
                          return absl::InvalidArgumentError("OpenMessage.topic: no topic name");
                        }
                      }
                      v1::OpenPublishRequest appended = *request;
                      CHAT_RETURN_IF_ERROR(store_.Append(call.deadline, &appended));
                      std::vector<redis::Publication> batch;
                      for (const v1::OpenMessage& message : appended.messages()) {
                        batch.push_back({kChannel, message.SerializeAsString()});
                        reply->set_position(message.position());
                      }
                      publish_(std::move(batch), [](bool) {});
                      return absl::OkStatus();
                    });
}

grpc::Status OpenTopicsService::Read(grpc::ServerContext* context,
                                     const v1::OpenReadRequest* request, v1::OpenReadReply* reply) {
  return rpc::Serve(context, "OpenTopicsInternal/Read", [&](const rpc::Call& call) -> absl::Status {
    if (request->positions_size() > kMaxAsked) {
      return absl::InvalidArgumentError("OpenReadRequest.positions: over 1000");
    }
    CHAT_ASSIGN_OR_RETURN(*reply, store_.Read(call.deadline, *request));
    return absl::OkStatus();
  });
}

grpc::Status OpenTopicsService::Retained(grpc::ServerContext* context,
                                         const v1::OpenRetainedRequest* request,
                                         v1::OpenRetainedReply* reply) {
  return rpc::Serve(context, "OpenTopicsInternal/Retained",
                    [&](const rpc::Call& call) -> absl::Status {
                      CHAT_ASSIGN_OR_RETURN(*reply, store_.Retained(call.deadline, *request));
                      return absl::OkStatus();
                    });
}

grpc::Status OpenTopicsService::Claim(grpc::ServerContext* context,
                                      const v1::OpenClaimRequest* request,
                                      v1::OpenClaimReply* reply) {
  return rpc::Serve(
      context, "OpenTopicsInternal/Claim", [&](const rpc::Call& call) -> absl::Status {
        CHAT_ASSIGN_OR_RETURN(bool granted,
                              store_.Claim(call.deadline, request->message(), request->group()));
        reply->set_granted(granted);
        return absl::OkStatus();
      });
}

grpc::Status OpenTopicsService::TakeWills(grpc::ServerContext* context,
                                          const v1::TakeWillsRequest* request,
                                          v1::TakeWillsReply* reply) {
  return rpc::Serve(
      context, "OpenTopicsInternal/TakeWills", [&](const rpc::Call& call) -> absl::Status {
        CHAT_ASSIGN_OR_RETURN(*reply, store_.TakeWills(call.deadline, request->gateway()));
        return absl::OkStatus();
      });
}

}  // namespace chat::messaging
