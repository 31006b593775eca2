#include "services/media/media_internal_service.h"

#include "libs/base/status.h"

namespace chat::media {

grpc::Status MediaInternalService::Prepare(grpc::ServerContext* context,
                                           const v1::PrepareRequest* request,
                                           v1::PrepareReply* reply) {
  return rpc::Serve(context, "MediaInternal/Prepare", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(*reply, attachments_.Prepare(call, *request));
    return absl::OkStatus();
  });
}

grpc::Status MediaInternalService::Complete(grpc::ServerContext* context,
                                            const v1::CompleteRequest* request,
                                            v1::CompleteReply* reply) {
  return rpc::Serve(context, "MediaInternal/Complete", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(*reply, attachments_.Complete(call, *request));
    return absl::OkStatus();
  });
}

grpc::Status MediaInternalService::Render(grpc::ServerContext* context,
                                          const v1::RenderRequest* request,
                                          v1::RenderReply* reply) {
  return rpc::Serve(context, "MediaInternal/Render", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(*reply, attachments_.Render(call, *request));
    return absl::OkStatus();
  });
}

}  // namespace chat::media
