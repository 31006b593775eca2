// What a change of a room tells messaging: the change of the feed with its broadcasts on `room/R`,
// and what goes to `ses/` (PROTOCOL 5.7, O9, O21). Pure. Nobody hears of a change that messaging
// does not judge by yet: gained members come before the notices, and the notices before the
// broadcasts that every member gets, in the order of 5.7.
#pragma once

#include "services/room/people.h"
#include "services/room/room_config.h"
#include "services/room/room_rules.h"
#include "services/room/room_store.h"

namespace chat::room {

struct Happened {
  const LockedRoom& before;
  const RoomWrite& write;
  const ChangedRoom& after;
};

// For every verb but get; `asked.by` is the author of the system message.
News Announce(const Asked& asked, const Happened& happened, const Limits& limits, Known& people);

// For Member/patch.
News AnnouncePatch(const Happened& happened, Known& people);

// For rosters that go away for ever: each leaves by itself.
News AnnounceRemoval(const Happened& happened, const Limits& limits, Known& people);

// "a, b, c"; of more than 20 the first 20 "and N more".
std::string NameIds(const std::vector<std::string>& phone_ids);

}  // namespace chat::room
