// What a chat-room process is made of, in the order of its dependencies.
#pragma once

#include "services/room/pg_room_store.h"
#include "services/room/room_config.h"

namespace chat::room {

struct Parts {
  // `config` has passed Check().
  explicit Parts(const RoomConfig& config)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)), store(pool) {}

  pg::Pool pool;
  PgRoomStore store;
};

}  // namespace chat::room
