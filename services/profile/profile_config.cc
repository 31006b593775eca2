#include "services/profile/profile_config.h"

namespace chat::profile {

void ProfileConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema profile", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("roster_addrs", &roster_addrs, "chat-roster, host:port, comma separated");
}

absl::Status ProfileConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("pg_url: is missing");
  if (roster_addrs.empty()) return absl::InvalidArgumentError("roster_addrs: is missing");
  return absl::OkStatus();
}

}  // namespace chat::profile
