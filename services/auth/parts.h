// What a chat-auth process is made of, in the order of its dependencies.
#pragma once

#include <memory>

#include "libs/base/clock.h"
#include "libs/courier/courier.h"
#include "libs/courier/outbox_file.h"
#include "libs/courier/webhook.h"
#include "libs/pg/pool.h"
#include "libs/rpc/channel.h"
#include "services/auth/device_sessions.h"
#include "services/auth/housekeeping.h"
#include "services/auth/pg_code_store.h"
#include "services/auth/pg_session_store.h"
#include "services/auth/registrar.h"

namespace chat::auth {

struct Parts {
  // `config` has passed Check() and outlives the parts.
  explicit Parts(const AuthConfig& config)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)),
        code_store(pool, {config.rate_phone_per_hour, config.rate_address_per_minute},
                   config.token_life_s),
        session_store(pool, {config.token_life_s, config.renew_window_s, config.code_life_s}),
        outbox(config.outbox_dir, Clock::System()),
        webhook(config.webhook, Clock::System()),
        courier(config.webhook.url.empty() ? static_cast<courier::Carrier&>(outbox) : webhook,
                config.courier),
        sender(courier, config),
        profile(v1::ProfileInternal::NewStub(rpc::RoundRobin(config.profile_addrs))),
        feeds(v1::FeedsInternal::NewStub(rpc::RoundRobin(config.messaging_addrs))),
        registrar(code_store, sender, *profile, config),
        sessions(session_store, *feeds),
        housekeeping(session_store, std::chrono::seconds(config.sweep_s)) {}

  pg::Pool pool;
  PgCodeStore code_store;
  PgSessionStore session_store;
  courier::OutboxFile outbox;
  courier::Webhook webhook;
  courier::Courier courier;
  CodeSender sender;
  std::unique_ptr<v1::ProfileInternal::Stub> profile;
  std::unique_ptr<v1::FeedsInternal::Stub> feeds;
  Registrar registrar;
  DeviceSessions sessions;
  Housekeeping housekeeping;
};

}  // namespace chat::auth
