// The gRPC face of Profile/* (PROTOCOL 5.3).
#pragma once

#include "chat/v1/profile.grpc.pb.h"
#include "services/profile/mail_links.h"
#include "services/profile/phone_moves.h"
#include "services/profile/profiles.h"
#include "services/profile/removals.h"

namespace chat::profile {

class ProfileService final : public v1::ProfileService::Service {
 public:
  struct Parts {
    Profiles& profiles;
    MailLinks& links;
    Removals& removals;
    PhoneMoves& moves;
  };
  explicit ProfileService(Parts parts) : parts_(parts) {}  // all outlive the service

  grpc::Status Get(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Set(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Update(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Link(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Email(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  // Nothing is answered: every session of the phone gets the Profile `remove` and ends.
  grpc::Status Remove(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Migrate(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;
  grpc::Status Phone(grpc::ServerContext*, const v1::Profile*, v1::Reply*) override;

 private:
  const Parts parts_;
};

}  // namespace chat::profile
