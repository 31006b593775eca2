#include "services/roster/config.h"

namespace chat::roster {

void RosterConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema roster, postgresql://….",
           config::Secret::kYes);
  keys.Add("pg_connections", &pg_connections, "Connections to PostgreSQL at most.", 1, 1000);
  keys.Add("redis", &redis, "Redis for presence, host:port.");
  keys.Add("messaging_addrs", &messaging_addrs, "gRPC addresses of messaging, host:port.");
  keys.Add("room_addrs", &room_addrs, "gRPC addresses of room, host:port.");
  keys.Add("friend_requests_per_day", &friend_requests_per_day,
           "Friend/request per phone and day (UTC), 0 = no limit.", 0);
  keys.Add("contacts_per_roster", &contacts_per_roster,
           "Entries of a roster above which a new request is refused.", 1, 100'000);
  keys.Add("rosters_per_phone", &rosters_per_phone, "Rosters that a phone may have.", 1, 1000);
  keys.Add("tags_per_roster", &tags_per_roster, "Tags of a roster at most.", 0, 100'000);
  keys.Add("stars_per_roster", &stars_per_roster, "Stars of a roster at most.", 0, 100'000);
  keys.Add("self_contact", &self_contact,
           "Show every roster to its owner as a contact of itself, as servers of 2018 did.");
  keys.Add("presence_waiting", &presence_waiting,
           "Accounts that may wait to be told about (presence); more are dropped.", 1, 10'000'000);
  keys.Add("search_requests_per_day", &search_requests_per_day,
           "Search requests per phone and day (UTC), 0 = no limit.", 0);
  keys.Add("search_values_per_day", &search_values_per_day,
           "Values in the Search requests of a phone and day (UTC), 0 = no limit.", 0);
}

absl::Status RosterConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("pg_url: must be set");
  if (messaging_addrs.empty()) return absl::InvalidArgumentError("messaging_addrs: must be set");
  if (room_addrs.empty()) return absl::InvalidArgumentError("room_addrs: must be set");
  return absl::OkStatus();
}

}  // namespace chat::roster
