// What a request makes of a room (PROTOCOL 5.7, 4.6). Pure: the room, the request and what is known
// of those it names go in, a write or a refusal comes out. A limit that bites is kResourceExhausted
// with the name of its key.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "services/room/room_config.h"
#include "services/room/room_store.h"

namespace chat::room {

struct Named {
  std::string phone_id;  // as it was listed
  bool admin = false;
  bool known = false;      // there is such a roster; otherwise the rest is void
  bool is_friend = false;  // of the acting roster
  Identity who;
};

struct Asked {
  v1::Room::Status verb = v1::Room::STATUS_UNSET;
  Identity by;               // the acting roster
  std::vector<Named> named;  // each roster once
  v1::Room written;          // the request, for create and patch
};

// Whether the verb may be asked at all by one who stands like this in a room that exists.
// `lists`: the request names somebody.
absl::Status MayAsk(v1::Room::Status verb, bool lists, const MemberRow* actor);

absl::StatusOr<NewRoom> DecideCreate(const Asked& asked, const Limits& limits);

// Every other verb but get. The room must be locked with all of `asked.named`, and with the acting
// roster itself where it joins.
absl::StatusOr<RoomWrite> Decide(const Asked& asked, const LockedRoom& room, const Limits& limits);

// Member/patch: the acting member's own fields by the rules of 4.3.
absl::StatusOr<RoomWrite> DecidePatch(const v1::Member& request, const LockedRoom& room,
                                      const Limits& limits);

// The named rosters go away for ever: they leave, and where no admin would be left the oldest
// member becomes one.
RoomWrite DecideRemoval(const LockedRoom& room);

}  // namespace chat::room
