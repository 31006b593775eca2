#include "services/room/room_config.h"

namespace chat::room {

void RoomConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema room", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
}

absl::Status RoomConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("pg_url: is missing");
  return absl::OkStatus();
}

}  // namespace chat::room
