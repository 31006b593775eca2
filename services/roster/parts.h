// What a chat-roster process is made of, in the order in which it is built; destroyed in reverse.
#pragma once

#include <utility>
#include <vector>

#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "libs/redis/client.h"
#include "libs/redis/publisher.h"
#include "libs/rpc/channel.h"
#include "services/roster/config.h"
#include "services/roster/feeds.h"
#include "services/roster/herald.h"
#include "services/roster/pg_account_store.h"
#include "services/roster/pg_audience.h"
#include "services/roster/pg_directory.h"
#include "services/roster/pg_favourite_store.h"
#include "services/roster/pg_roster_store.h"
#include "services/roster/presence_sweep.h"
#include "services/roster/roster_contacts.h"
#include "services/roster/roster_reader.h"

namespace chat::roster {

struct Parts {
  // `config` has passed Check().
  explicit Parts(const RosterConfig& config)
      : feeds(rpc::RoundRobin(config.messaging_addrs)),
        rooms(rpc::RoundRobin(config.room_addrs)),
        pool(config.pg_url, static_cast<int>(config.pg_connections)),
        outbox(pool, "roster",
               [this](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
                 return feeds.Apply(deadline, rows);
               }),
        store(pool, outbox, config.contacts_per_roster),
        accounts(pool, outbox),
        favourites(pool, outbox, {config.tags_per_roster, config.stars_per_roster}),
        audience(pool),
        directory(pool),
        redis(config.redis),
        publisher(config.redis),
        presence(redis, Clock::System()),
        transient(presence,
                  [this](std::vector<redis::Publication> batch, std::function<void(bool)> done) {
                    publisher.Publish(std::move(batch), std::move(done));
                  }),
        herald(audience, rooms, presence, transient, static_cast<size_t>(config.presence_waiting)),
        sweep(presence, herald),
        reader(store, favourites, feeds, rooms, presence, config.self_contact),
        contacts(store, accounts, rooms, herald) {}

  Feeds feeds;
  Rooms rooms;
  pg::Pool pool;
  pg::Outbox outbox;
  PgRosterStore store;
  PgAccountStore accounts;
  PgFavouriteStore favourites;
  PgAudience audience;
  PgDirectory directory;
  redis::Client redis;
  redis::Publisher publisher;
  RedisPresence presence;
  Transient transient;
  Herald herald;
  PresenceSweep sweep;
  RosterReader reader;
  RosterContacts contacts;
};

}  // namespace chat::roster
