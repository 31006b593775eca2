#include "libs/base/status.h"
#include "libs/rpc/process.h"
#include "services/profile/migrations.h"
#include "services/profile/parts.h"
#include "services/profile/person_service.h"
#include "services/profile/profile_internal_service.h"
#include "services/profile/profile_service.h"

int main(int argc, char** argv) {
  using namespace chat;
  rpc::Process process("profile", argc, argv);
  profile::ProfileConfig config;
  config.Declare(process.keys());
  process.Schema(pg::Schema{"profile", profile::kMigrations, &config.pg_url});
  return process.Run([&](rpc::Serving& serving) -> absl::Status {
    CHAT_RETURN_IF_ERROR(config.Check());
    auto parts = std::make_shared<profile::Parts>(config);
    serving.Keep(parts);
    if (config.smtp.server.empty()) CHAT_RETURN_IF_ERROR(parts->file.Check());
    serving.Add(std::make_shared<profile::ProfileService>(profile::ProfileService::Parts{
        parts->profiles, parts->mail_links, parts->removals, parts->moves}));
    serving.Add(std::make_shared<profile::PersonService>(parts->store));
    serving.Add(std::make_shared<profile::ProfileInternalService>(parts->store, parts->profiles,
                                                                  parts->removals));
    return absl::OkStatus();
  });
}
