// The configuration of chat-messaging: its keys, their defaults and bounds.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "services/messaging/batcher.h"

namespace chat::messaging {

struct MessagingConfig {
  std::string pg_url;
  std::string redis = "127.0.0.1:6379";
  std::vector<std::string> media_addrs;
  int64_t pg_connections = 8;
  int64_t commit_workers = 2;
  int64_t batch_max = 256;
  int64_t batch_bytes = 4 << 20;
  int64_t queue_max = 20'000;
  int64_t lane_outstanding = 4096;
  int64_t session_grace_s = 30 * 86'400;
  int64_t notice_life_s = 60 * 86'400;
  int64_t open_log_messages = 100'000;
  int64_t trace_notes = 65'536;

  // The config outlives `keys`' Parse().
  void Declare(config::Keys& keys);
  // What no bound of a single key says.
  absl::Status Check() const;
  Batcher::Options batcher() const;
};

}  // namespace chat::messaging
