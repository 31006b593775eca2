// Profile/aws (PROTOCOL 5.3): temporary credentials of the object store for the account.
#pragma once

#include "chat/v1/media.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/media/sts.h"

namespace chat::media {

class AwsService final : public v1::AwsService::Service {
 public:
  // `sts` outlives it; nullptr: not configured, every request is refused with `aws`.
  explicit AwsService(Sts* sts) : sts_(sts) {}

  grpc::Status Aws(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;

 private:
  Sts* const sts_;
};

}  // namespace chat::media
