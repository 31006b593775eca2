// Configuration of chat-room.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::room {

// What bounds rooms (PROTOCOL 4.6, O21).
struct Limits {
  int64_t full_list = 200;    // members up to which a Room lists them all
  int64_t group = 10'000;     // members of a group
  int64_t channel = 100'000;  // members of a channel
  int64_t bans = 10'000;      // bans of a room
  int64_t rooms_per_roster = 5000;
  int64_t room_bytes = 512 << 10;  // of what clients wrote into one room, or one membership
};

struct RoomConfig {
  std::string pg_url;
  int64_t pg_pool = 16;
  std::vector<std::string> roster_addrs, messaging_addrs;
  Limits limits;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::room
