// The gRPC face of Person/* (PROTOCOL 5.2). A Person is private: only its owner ever sees it.
#pragma once

#include "chat/v1/profile.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/profile/profile_store.h"

namespace chat::profile {

class PersonService final : public v1::PersonService::Service {
 public:
  explicit PersonService(ProfileStore& store) : store_(store) {}  // outlives the service

  grpc::Status Get(grpc::ServerContext*, const v1::Person*, v1::Reply*) override;
  grpc::Status Set(grpc::ServerContext*, const v1::Person*, v1::Reply*) override;

 private:
  // Adds the full Person: what is stored, the own phone and the account's balance.
  absl::Status Answer(const rpc::Call& call, v1::Person person, v1::Person::Status status,
                      v1::Reply* reply);

  ProfileStore& store_;
};

}  // namespace chat::profile
