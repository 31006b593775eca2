// What chat-auth and the gateways ask of profiles. Never reachable from the network.
#pragma once

#include "chat/v1/profile.grpc.pb.h"
#include "services/profile/profiles.h"

namespace chat::profile {

class ProfileInternalService final : public v1::ProfileInternal::Service {
 public:
  explicit ProfileInternalService(Profiles& profiles) : profiles_(profiles) {}  // outlives it

  grpc::Status EnsureAccount(grpc::ServerContext*, const v1::EnsureAccountRequest*,
                             v1::AccountReply*) override;
  grpc::Status Open(grpc::ServerContext*, const v1::OpenProfileRequest*,
                    v1::AccountReply*) override;

 private:
  Profiles& profiles_;
};

}  // namespace chat::profile
