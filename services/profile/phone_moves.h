// From one phone to another: Profile/migrate and Profile/phone (PROTOCOL 5.3). The account's row is
// changed first; chat-roster (ids, counterparties, feeds) and auth (sessions) follow, each
// repeatable; what a crash leaves is carried on by the sweeper. Thread safe.
#pragma once

#include <absl/status/status.h>

#include "chat/v1/auth.grpc.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/profile/life_store.h"
#include "services/profile/link_store.h"
#include "services/profile/profiles.h"

namespace chat::profile {

class PhoneMoves {
 public:
  struct Peers {
    v1::RosterInternal::StubInterface& roster;
    v1::AuthInternal::StubInterface& auth;
  };
  // All outlive this.
  PhoneMoves(LifeStore& store, LinkStore& codes, Profiles& profiles, Peers peers)
      : store_(store), codes_(codes), profiles_(profiles), peers_(peers) {}

  // Profile/migrate: a code to the new phone.
  absl::Status Begin(const rpc::Call& call, const v1::Profile& request, v1::Reply* reply);
  // Profile/phone: the code proves the new phone, the account moves.
  absl::Status Finish(const rpc::Call& call, const v1::Profile& request, v1::Reply* reply);
  // Tells the others that the account has this phone.
  absl::Status Settle(const rpc::Call& call, const Unsettled& account);

 private:
  // The code that has gone out.
  absl::StatusOr<std::string> SendCode(const rpc::Call& call, const std::string& phone);

  LifeStore& store_;
  LinkStore& codes_;
  Profiles& profiles_;
  const Peers peers_;
};

}  // namespace chat::profile
