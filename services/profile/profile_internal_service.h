// What chat-auth and the gateways ask of profiles. Never reachable from the network.
#pragma once

#include "chat/v1/profile.grpc.pb.h"
#include "services/profile/profiles.h"
#include "services/profile/removals.h"

namespace chat::profile {

class ProfileInternalService final : public v1::ProfileInternal::Service {
 public:
  // All outlive the service.
  ProfileInternalService(ProfileStore& store, Profiles& profiles, Removals& removals)
      : store_(store), profiles_(profiles), removals_(removals) {}

  // A phone whose account is being removed gets a new one once the old one is gone. An error may
  // leave an account without a roster; the next call gives it one.
  grpc::Status EnsureAccount(grpc::ServerContext*, const v1::EnsureAccountRequest*,
                             v1::AccountReply*) override;
  grpc::Status Open(grpc::ServerContext*, const v1::OpenProfileRequest*,
                    v1::AccountReply*) override;

 private:
  absl::StatusOr<AccountId> Ensure(const rpc::Call& call, const std::string& phone);

  ProfileStore& store_;
  Profiles& profiles_;
  Removals& removals_;
};

}  // namespace chat::profile
