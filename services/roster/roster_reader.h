// A roster with all that its owner sees in it: contacts with last message, reader, unread,
// presence; rooms; stars with their messages; tags.
#pragma once

#include <absl/status/statusor.h>

#include "chat/v1/records.pb.h"
#include "libs/rpc/call.h"
#include "services/roster/favourite_store.h"
#include "services/roster/feeds.h"
#include "services/roster/presence.h"
#include "services/roster/rooms.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterReader {
 public:
  // `self_contact`: a roster's contacts begin with itself, a friend (PROTOCOL Q30).
  RosterReader(RosterStore& store, FavouriteStore& favourites, Feeds& feeds, Rooms& rooms,
               Presence& presence, bool self_contact = false)
      : store_(store),
        favourites_(favourites),
        feeds_(feeds),
        rooms_(rooms),
        presence_(presence),
        self_contact_(self_contact) {}

  // Contacts in order of roster id; of contacts and rooms those that changed after `since` (Unix
  // ms). What would be larger than every packet has its lists empty (PROTOCOL O22). kUnavailable
  // when messaging or room cannot be asked.
  absl::StatusOr<v1::Roster> Full(const rpc::Call& call, const RosterRow& row,
                                  v1::Roster::Status status, int64_t since = 0);

 private:
  absl::Status AddContacts(const rpc::Call& call, const RosterRow& row, int64_t since,
                           v1::Roster& roster);
  absl::Status AddRooms(const rpc::Call& call, const RosterRow& row, int64_t since,
                        v1::Roster& roster);
  absl::Status AddFavourites(const rpc::Call& call, const RosterRow& row, v1::Roster& roster);

  RosterStore& store_;
  FavouriteStore& favourites_;
  Feeds& feeds_;
  Rooms& rooms_;
  Presence& presence_;
  const bool self_contact_;
};

}  // namespace chat::roster
