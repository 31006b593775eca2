// Configuration of chat-room.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>

#include "libs/config/config.h"

namespace chat::room {

struct RoomConfig {
  std::string pg_url;
  int64_t pg_pool = 8;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::room
