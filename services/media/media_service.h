// The gRPC face of transfers (PROTOCOL 1.8).
#pragma once

#include "chat/v1/media.grpc.pb.h"
#include "services/media/transfers.h"

namespace chat::media {

class MediaService final : public v1::MediaService::Service {
 public:
  explicit MediaService(Transfers& transfers) : transfers_(transfers) {}  // outlives the service

  grpc::Status Transfer(grpc::ServerContext*, const v1::Ftp*, v1::Reply*) override;

 private:
  Transfers& transfers_;
};

}  // namespace chat::media
