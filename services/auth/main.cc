#include "libs/base/status.h"
#include "libs/rpc/process.h"
#include "services/auth/auth_config.h"
#include "services/auth/auth_internal_service.h"
#include "services/auth/auth_service.h"
#include "services/auth/migrations.h"
#include "services/auth/parts.h"

int main(int argc, char** argv) {
  using namespace chat;
  rpc::Process process("auth", argc, argv);
  auth::AuthConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"auth", auth::kMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    auto parts = std::make_shared<auth::Parts>(config);
    serving.Keep(parts);
    if (config.webhook.url.empty()) CHAT_RETURN_IF_ERROR(parts->outbox.Check());
    serving.Add(std::make_shared<auth::AuthService>(parts->registrar, parts->sessions));
    serving.Add(std::make_shared<auth::AuthInternalService>(parts->session_store, parts->code_store,
                                                            parts->sender));
    return absl::OkStatus();
  });
}
