// What a chat-room process is made of, in the order of its dependencies.
#pragma once

#include <vector>

#include "libs/pg/outbox.h"
#include "libs/rpc/channel.h"
#include "services/room/changer.h"
#include "services/room/feeds.h"
#include "services/room/people.h"
#include "services/room/pg_room_store.h"
#include "services/room/room_config.h"
#include "services/room/room_reader.h"

namespace chat::room {

struct Parts {
  // `config` has passed Check().
  explicit Parts(const RoomConfig& config)
      : people(rpc::RoundRobin(config.roster_addrs)),
        feeds(rpc::RoundRobin(config.messaging_addrs)),
        pool(config.pg_url, static_cast<int>(config.pg_pool)),
        outbox(pool, "room",
               [this](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
                 return feeds.Apply(deadline, rows);
               }),
        store(pool, outbox, config.limits),
        reader(store, people, feeds, config.limits),
        changer(store, people, config.limits) {}

  People people;
  Feeds feeds;
  pg::Pool pool;
  pg::Outbox outbox;
  PgRoomStore store;
  RoomReader reader;
  Changer changer;
};

}  // namespace chat::room
