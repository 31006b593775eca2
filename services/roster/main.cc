#include "libs/base/status.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/process.h"
#include "services/roster/config.h"
#include "services/roster/friend_service.h"
#include "services/roster/migrations.h"
#include "services/roster/pg_account_store.h"
#include "services/roster/pg_directory.h"
#include "services/roster/pg_roster_store.h"
#include "services/roster/roster_internal.h"
#include "services/roster/roster_service.h"
#include "services/roster/search_service.h"

using namespace chat;  // NOLINT: the wiring names everything

int main(int argc, char** argv) {
  rpc::Process process("roster", argc, argv);
  roster::RosterConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"roster", roster::kMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    auto keep = [&]<typename T>(std::shared_ptr<T> part) { return serving.Keep(part), part; };
    auto feeds = keep(std::make_shared<roster::Feeds>(rpc::RoundRobin(config.messaging_addrs)));
    auto pool = keep(std::make_shared<pg::Pool>(config.pg_url, config.pg_connections));
    auto outbox = keep(std::make_shared<pg::Outbox>(
        *pool, "roster", [feeds](pg::Deadline deadline, const std::vector<pg::OutboxRow>& rows) {
          return feeds->Apply(deadline, rows);
        }));
    auto store =
        keep(std::make_shared<roster::PgRosterStore>(*pool, *outbox, config.contacts_per_roster));
    auto redis = keep(std::make_shared<redis::Client>(config.redis));
    auto presence = keep(std::make_shared<roster::RedisPresence>(*redis, Clock::System()));
    auto reader = keep(std::make_shared<roster::RosterReader>(*store, *feeds, *presence));
    serving.Add(std::make_shared<roster::RosterService>(*store, *reader));
    serving.Add(
        std::make_shared<roster::FriendService>(*store, *presence, config.friend_requests_per_day));
    auto directory = keep(std::make_shared<roster::PgDirectory>(*pool));
    serving.Add(std::make_shared<roster::SearchService>(
        *store, *directory, *presence,
        roster::SearchLimits{config.search_requests_per_day, config.search_values_per_day}));
    auto accounts = keep(std::make_shared<roster::PgAccountStore>(*pool, *outbox));
    auto rooms = keep(std::make_shared<roster::Rooms>(rpc::RoundRobin(config.room_addrs)));
    serving.Add(
        std::make_shared<roster::RosterInternal>(*store, *reader, *accounts, *presence, *rooms));
    return absl::OkStatus();
  });
}
