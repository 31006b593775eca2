#include "services/room/room_config.h"

namespace chat::room {

void RoomConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema room", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("roster_addrs", &roster_addrs, "gRPC addresses of roster, host:port");
  keys.Add("messaging_addrs", &messaging_addrs, "gRPC addresses of messaging, host:port");
  keys.Add("full_list_limit", &limits.full_list,
           "members up to which a Room lists all of them; beyond it, only the receiver's own", 1,
           1000);
  keys.Add("group_limit", &limits.group, "members of a group at most", 1, 1'000'000);
  keys.Add("channel_limit", &limits.channel, "members of a channel at most", 1, 1'000'000);
  keys.Add("bans_limit", &limits.bans, "bans of a room at most", 1, 1'000'000);
  keys.Add("rooms_per_roster", &limits.rooms_per_roster, "rooms that a roster is in at most", 1,
           100'000);
  keys.Add(
      "room_bytes", &limits.room_bytes,
      "bytes of description, terms, settings and data of a room, or of one member's own fields",
      1024, 4 << 20);
}

absl::Status RoomConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("pg_url: is missing");
  if (roster_addrs.empty()) return absl::InvalidArgumentError("roster_addrs: is missing");
  if (messaging_addrs.empty()) return absl::InvalidArgumentError("messaging_addrs: is missing");
  return absl::OkStatus();
}

}  // namespace chat::room
