// The configuration of a roster process; `chat-roster --help` prints it.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::roster {

struct RosterConfig {
  std::string pg_url;
  int64_t pg_connections = 8;
  std::string redis = "127.0.0.1:6379";
  std::vector<std::string> messaging_addrs;
  std::vector<std::string> room_addrs;
  int64_t friend_requests_per_day = 100;
  int64_t contacts_per_roster = 5000;
  int64_t rosters_per_phone = 5;
  int64_t tags_per_roster = 200;
  int64_t stars_per_roster = 10'000;
  bool self_contact = false;
  int64_t presence_waiting = 100'000;
  int64_t search_requests_per_day = 60;
  int64_t search_values_per_day = 5000;

  void Declare(config::Keys& keys);
  // After parsing: kInvalidArgument with the name of a key that must be set.
  absl::Status Check() const;
};

}  // namespace chat::roster
