// What a chat-auth process is made of, in the order of its dependencies.
#pragma once

#include <grpcpp/channel.h>

#include <memory>

#include "libs/base/clock.h"
#include "libs/pg/pool.h"
#include "services/auth/device_sessions.h"
#include "services/auth/housekeeping.h"
#include "services/auth/outbox_file_provider.h"
#include "services/auth/pg_code_store.h"
#include "services/auth/pg_session_store.h"
#include "services/auth/registrar.h"

namespace chat::auth {

struct Parts {
  // `config` has passed Check() and outlives the parts.
  Parts(const AuthConfig& config, const std::shared_ptr<grpc::Channel>& profile_channel)
      : pool(config.pg_url, static_cast<int>(config.pg_pool)),
        code_store(pool, {config.rate_phone_per_hour, config.rate_address_per_minute},
                   config.token_life_s),
        session_store(pool, {config.token_life_s, config.renew_window_s, config.code_life_s}),
        provider(config.outbox_dir, Clock::System()),
        profile(v1::ProfileInternal::NewStub(profile_channel)),
        registrar(code_store, provider, *profile, config),
        sessions(session_store),
        housekeeping(session_store, std::chrono::seconds(config.sweep_s)) {}

  pg::Pool pool;
  PgCodeStore code_store;
  PgSessionStore session_store;
  OutboxFileProvider provider;
  std::unique_ptr<v1::ProfileInternal::Stub> profile;
  Registrar registrar;
  DeviceSessions sessions;
  Housekeeping housekeeping;
};

}  // namespace chat::auth
