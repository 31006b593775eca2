// The gRPC face of attachments, for messaging.
#pragma once

#include "chat/v1/media.grpc.pb.h"
#include "services/media/attachments.h"

namespace chat::media {

class MediaInternalService final : public v1::MediaInternal::Service {
 public:
  explicit MediaInternalService(Attachments& attachments) : attachments_(attachments) {}

  grpc::Status Prepare(grpc::ServerContext*, const v1::PrepareRequest*, v1::PrepareReply*) override;
  grpc::Status Complete(grpc::ServerContext*, const v1::CompleteRequest*,
                        v1::CompleteReply*) override;
  grpc::Status Render(grpc::ServerContext*, const v1::RenderRequest*, v1::RenderReply*) override;

 private:
  Attachments& attachments_;  // outlives the service
};

}  // namespace chat::media
