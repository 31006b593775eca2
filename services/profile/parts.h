// What a chat-profile process is made of, in the order of its dependencies.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "libs/pg/pool.h"
#include "services/profile/pg_profile_store.h"
#include "services/profile/profile_config.h"
#include "services/profile/profiles.h"

namespace chat::profile {

struct Parts {
  Parts(const ProfileConfig& config, const std::shared_ptr<grpc::Channel>& roster_channel)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)),
        store(pool),
        roster(v1::RosterInternal::NewStub(roster_channel)),
        profiles(store, *roster) {}

  pg::Pool pool;
  PgProfileStore store;
  std::unique_ptr<v1::RosterInternal::Stub> roster;
  Profiles profiles;
};

}  // namespace chat::profile
