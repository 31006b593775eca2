#include <memory>

#include "libs/base/status.h"
#include "libs/rpc/process.h"
#include "services/roster/config.h"
#include "services/roster/favourite_service.h"
#include "services/roster/friend_service.h"
#include "services/roster/loc_service.h"
#include "services/roster/migrations.h"
#include "services/roster/parts.h"
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
    auto made = std::make_shared<roster::Parts>(config);
    serving.Keep(made);
    roster::Parts& p = *made;
    serving.Add(std::make_shared<roster::RosterService>(p.store, p.reader, p.contacts, p.herald,
                                                        config.rosters_per_phone));
    serving.Add(std::make_shared<roster::FriendService>(p.store, p.presence,
                                                        config.friend_requests_per_day));
    serving.Add(std::make_shared<roster::SearchService>(
        p.store, p.directory, p.presence, p.rooms,
        roster::SearchLimits{config.search_requests_per_day, config.search_values_per_day}));
    serving.Add(std::make_shared<roster::TagService>(p.store, p.favourites));
    serving.Add(std::make_shared<roster::StarService>(p.store, p.favourites, p.feeds));
    serving.Add(std::make_shared<roster::LocService>(p.transient));
    serving.Add(std::make_shared<roster::RosterInternal>(roster::RosterInternal::Parts{
        p.store, p.reader, p.accounts, p.audience, p.presence, p.rooms, p.herald, p.transient}));
    return absl::OkStatus();
  });
}
