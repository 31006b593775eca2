// The gRPC face of Profile/* (PROTOCOL 5.3).
#pragma once

#include "chat/v1/profile.grpc.pb.h"
#include "services/profile/profiles.h"

namespace chat::profile {

class ProfileService final : public v1::ProfileService::Service {
 public:
  explicit ProfileService(Profiles& profiles) : profiles_(profiles) {}  // outlives the service

  grpc::Status Get(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Set(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;

 private:
  Profiles& profiles_;
};

}  // namespace chat::profile
