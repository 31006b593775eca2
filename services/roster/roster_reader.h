// A roster with all that its owner sees in it: contacts with last message, reader, unread,
// presence.
#pragma once

#include <absl/status/statusor.h>

#include "chat/v1/records.pb.h"
#include "libs/rpc/call.h"
#include "services/roster/feeds.h"
#include "services/roster/presence.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterReader {
 public:
  RosterReader(RosterStore& store, Feeds& feeds, Presence& presence)
      : store_(store), feeds_(feeds), presence_(presence) {}

  // Contacts in order of roster id. kUnavailable when messaging cannot be asked.
  absl::StatusOr<v1::Roster> Full(const rpc::Call& call, const RosterRow& row,
                                  v1::Roster::Status status);

 private:
  RosterStore& store_;
  Feeds& feeds_;
  Presence& presence_;
};

}  // namespace chat::roster
