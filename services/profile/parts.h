// What a chat-profile process is made of, in the order of its dependencies.
#pragma once

#include <memory>

#include "libs/base/clock.h"
#include "libs/courier/courier.h"
#include "libs/courier/outbox_file.h"
#include "libs/courier/smtp.h"
#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "libs/rpc/channel.h"
#include "services/profile/directory.h"
#include "services/profile/mail_links.h"
#include "services/profile/pg_life_store.h"
#include "services/profile/pg_link_store.h"
#include "services/profile/pg_profile_store.h"
#include "services/profile/phone_moves.h"
#include "services/profile/profile_config.h"
#include "services/profile/profiles.h"
#include "services/profile/removals.h"
#include "services/profile/sweeper.h"

namespace chat::profile {

struct Parts {
  // `config` has passed Check() and outlives the parts.
  explicit Parts(const ProfileConfig& config)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)),
        roster(v1::RosterInternal::NewStub(rpc::RoundRobin(config.roster_addrs))),
        feeds(v1::FeedsInternal::NewStub(rpc::RoundRobin(config.messaging_addrs))),
        auth(v1::AuthInternal::NewStub(rpc::RoundRobin(config.auth_addrs))),
        outbox(pool, "profile", TellDirectory(*roster)),
        store(pool, outbox),
        links(pool, outbox,
              {.rates = {config.rate_account_per_hour, config.rate_target_per_hour},
               .life = {config.mail_code_life_s, config.code_wrong_tries},
               .addresses = config.mail_addresses}),
        lives(pool, {config.phone_code_life_s, config.code_wrong_tries}),
        file(config.outbox_dir, Clock::System()),
        smtp(config.smtp, Clock::System()),
        courier(config.smtp.server.empty() ? static_cast<courier::Carrier&>(file) : smtp,
                config.courier),
        profiles(store, *roster),
        mail_links(links, courier),
        removals(lives, *roster, *feeds, *auth),
        moves(lives, links, profiles, {*roster, *auth}),
        sweeper({lives, links, removals, moves}, std::chrono::milliseconds(config.sweep_ms)) {}

  pg::Pool pool;
  std::unique_ptr<v1::RosterInternal::Stub> roster;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds;
  std::unique_ptr<v1::AuthInternal::Stub> auth;
  pg::Outbox outbox;
  PgProfileStore store;
  PgLinkStore links;
  PgLifeStore lives;
  courier::OutboxFile file;
  courier::Smtp smtp;
  courier::Courier courier;
  Profiles profiles;
  MailLinks mail_links;
  Removals removals;
  PhoneMoves moves;
  Sweeper sweeper;
};

}  // namespace chat::profile
