// Configuration of chat-profile.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::profile {

struct ProfileConfig {
  std::string pg_url;
  int64_t pg_pool = 8;
  std::vector<std::string> roster_addrs;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::profile
