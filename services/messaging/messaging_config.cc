#include "services/messaging/messaging_config.h"

namespace chat::messaging {

void MessagingConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "postgresql://… of the schemas messaging and delivery.",
           config::Secret::kYes);
  keys.Add("redis", &redis, "host:port of Redis.");
  keys.Add("media_addrs", &media_addrs,
           "gRPC addresses of media, host:port: links of objects; without, messages have none.");
  keys.Add("pg_connections", &pg_connections,
           "Connections to PostgreSQL for everything but the commits of sends.", 1, 1000);
  keys.Add("commit_workers", &commit_workers,
           "Workers that commit batches of sends, each with a connection.", 1, 64);
  keys.Add("batch_max", &batch_max, "Sends in one commit.", 1, 10'000);
  keys.Add("batch_bytes", &batch_bytes, "Bytes of messages in one commit.", 1024, 64 << 20);
  keys.Add("queue_max", &queue_max, "Sends that may wait; more are refused with too_many.", 1,
           10'000'000);
  keys.Add("lane_outstanding", &lane_outstanding,
           "Unanswered calls of one gateway's stream; past that it is not read.", 1, 1'000'000);
  keys.Add("session_grace_s", &session_grace_s,
           "How much longer than its expiry a session lives whose gateway never reports again.", 60,
           365 * 86'400);
  keys.Add("notice_life_s", &notice_life_s,
           "How long events of ses/ are kept; longer than any session lives.", 86'400,
           10LL * 365 * 86'400);
  keys.Add("open_log_messages", &open_log_messages,
           "Messages of open topics kept for stored sessions and gateways that missed them", 1'000,
           100'000'000);
  keys.Add("trace_notes", &trace_notes,
           "Published events that are remembered for `chat trace`, 40 bytes each; 0: none.", 0,
           100'000'000);
}

absl::Status MessagingConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("key 'pg_url': must not be empty");
  if (redis.empty()) return absl::InvalidArgumentError("key 'redis': must not be empty");
  return absl::OkStatus();
}

Batcher::Options MessagingConfig::batcher() const {
  Batcher::Options options;
  options.workers = static_cast<int>(commit_workers);
  options.batch_max = static_cast<size_t>(batch_max);
  options.batch_bytes = static_cast<size_t>(batch_bytes);
  options.queue_max = static_cast<size_t>(queue_max);
  return options;
}

}  // namespace chat::messaging
