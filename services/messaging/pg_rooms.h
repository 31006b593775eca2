// Messaging's projection of rooms: who is in which, who may write, and the broadcasts that a change
// of a room brings, in their place in its feed (delivery promise, part 9).
#pragma once

#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// What a change makes: durable events of the room, and events that lie outside the order, which
// tell the gateways of accounts that they gained or lost it.
struct RoomEvents {
  std::vector<Announced> durable;
  std::vector<Announced> hints;
};

// Applies the change to the locked feed of the room, unless it has this version or a later one.
RoomEvents ApplyRoom(pg::Tx& tx, const v1::RoomChange& change);

// The rooms of accounts, for gateways. A room in which none of them is any more is not in it.
std::vector<v1::RoomFeed> RoomFeedsOf(pg::Tx& tx, const std::vector<int64_t>& accounts);

}  // namespace chat::messaging
