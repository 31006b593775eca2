#include "services/media/media_config.h"

namespace chat::media {
namespace {

constexpr int64_t kTebibyte = 1LL << 40;
constexpr int64_t kDayS = 86'400;

}  // namespace

void MediaConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema media", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("auth_addrs", &auth_addrs, "chat-auth, host:port, comma separated");
  keys.Add("object_dir", &object_dir,
           "folder of the objects' bytes; all replicas must see the same one");
  keys.Add("quota_bytes", &quota_bytes, "bytes that one phone may keep", 0, 1024 * kTebibyte);
  keys.Add("max_object_bytes", &max_object_bytes, "largest object", 0, kTebibyte);
  keys.Add("block_bytes", &block_bytes, "block size that uploads are told to use", 1, 8 << 20);
  keys.Add("max_packet", &max_packet,
           "packet limit of the gateways (gateway.max_packet): a block fits into a packet", 1,
           256 << 20);
  keys.Add("uploads_per_account", &uploads_per_account, "unfinished uploads of one phone", 1,
           10'000);
  keys.Add("upload_life_s", &upload_life_s,
           "how long an unfinished upload waits for its next block", 1, 365 * kDayS);
  keys.Add("sweep_s", &sweep_s, "how often uploads that waited too long are removed", 1, kDayS);
  keys.Add("http_listen", &http_listen, "address:port of GET /file/<id>; port 0 picks one");
  keys.Add("http_workers", &http_workers, "threads that ask, look up and read files", 1, 1000);
  keys.Add("http_connections", &http_connections, "HTTP connections at once; more are closed", 1,
           100'000);
  keys.Add("http_connections_per_address", &http_connections_per_address,
           "HTTP connections of one address at once; more are closed; 0: no limit", 0, 100'000);
  keys.Add("http_idle_s", &http_idle_s,
           "seconds without a whole request, or without progress of an answer, that close a"
           " connection",
           1, 3600);
  keys.Add("http_head_bytes", &http_head_bytes, "largest request line and headers", 256, 1 << 20);
}

absl::Status MediaConfig::Check() const {
  if (pg_url.empty()) return absl::InvalidArgumentError("pg_url: is missing");
  if (auth_addrs.empty()) return absl::InvalidArgumentError("auth_addrs: is missing");
  if (object_dir.empty()) return absl::InvalidArgumentError("object_dir: is missing");
  return absl::OkStatus();
}

}  // namespace chat::media
