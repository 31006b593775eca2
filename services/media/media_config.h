// Configuration of chat-media.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::media {

struct MediaConfig {
  std::string pg_url;
  int64_t pg_pool = 16;
  std::vector<std::string> auth_addrs;

  std::string object_dir;
  int64_t quota_bytes = 1LL << 30;
  int64_t max_object_bytes = 100LL << 20;
  int64_t block_bytes = 262'144;
  int64_t max_packet = 1 << 20;
  int64_t uploads_per_account = 16;
  int64_t upload_life_s = 86'400;
  int64_t sweep_s = 60;

  std::string http_listen = "127.0.0.1:0";
  int64_t http_workers = 8;
  int64_t http_connections = 1024;
  int64_t http_connections_per_address = 128;
  int64_t http_idle_s = 30;
  int64_t http_head_bytes = 8192;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::media
