// The end of an account (PROTOCOL 5.3, Profile/remove): chat-roster tells the counterparties and
// forgets it, messaging tells its devices and ends their sessions, auth deletes sessions and
// tokens, and the account's own row goes last. Each step may be repeated; what a crash leaves is
// carried on by the sweeper. Thread safe.
#pragma once

#include <absl/status/status.h>

#include "chat/v1/auth.grpc.pb.h"
#include "chat/v1/messaging.grpc.pb.h"
#include "chat/v1/roster.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/profile/life_store.h"

namespace chat::profile {

class Removals {
 public:
  // All outlive this.
  Removals(LifeStore& store, v1::RosterInternal::StubInterface& roster,
           v1::FeedsInternal::StubInterface& feeds, v1::AuthInternal::StubInterface& auth)
      : store_(store), roster_(roster), feeds_(feeds), auth_(auth) {}

  // Begins and finishes. Refused: not_found. Any other error: begun, and the sweeper finishes it.
  absl::Status Remove(const rpc::Call& call, AccountId id);
  // All that is left to do of a removal that has begun.
  absl::Status Finish(const rpc::Call& call, const Unsettled& account);

 private:
  absl::Status Disconnect(const rpc::Call& call, const Unsettled& account);

  LifeStore& store_;
  v1::RosterInternal::StubInterface& roster_;
  v1::FeedsInternal::StubInterface& feeds_;
  v1::AuthInternal::StubInterface& auth_;
};

}  // namespace chat::profile
