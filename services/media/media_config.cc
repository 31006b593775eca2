#include "services/media/media_config.h"

#include "libs/base/status.h"

namespace chat::media {
namespace {

constexpr int64_t kTebibyte = 1LL << 40;
constexpr int64_t kDayS = 86'400;

absl::Status Needs(const std::string& value, const char* key) {
  if (!value.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(View(std::string(key) + ": is missing"));
}

// http(s)://host…, without a slash at the end.
absl::Status CheckUrl(const std::string& url, const char* key) {
  const bool http = url.rfind("http://", 0) == 0 || url.rfind("https://", 0) == 0;
  if (url.empty() || (http && url.back() != '/' && url.find('?') == std::string::npos)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      View(std::string(key) + ": http(s)://host[:port], without a slash at the end"));
}

}  // namespace

void MediaConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema media", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("auth_addrs", &auth_addrs, "chat-auth, host:port, comma separated");
  keys.Add("messaging_addrs", &messaging_addrs, "chat-messaging, host:port, comma separated");
  keys.Add("roster_addrs", &roster_addrs, "chat-roster, host:port, comma separated");
  keys.Add("redis", &redis, "Redis, host:port, for call signals");
  keys.Add("object_dir", &object_dir,
           "folder of the objects' bytes; all replicas must see the same one");
  keys.Add("quota_bytes", &quota_bytes, "bytes that one phone may keep", 0, 1024 * kTebibyte);
  keys.Add("max_object_bytes", &max_object_bytes, "largest object", 0, kTebibyte);
  keys.Add("block_bytes", &block_bytes, "block size that uploads are told to use", 1, 8 << 20);
  keys.Add("max_packet", &max_packet,
           "packet limit of the gateways (gateway.max_packet): a block fits into a packet", 1,
           256 << 20);
  keys.Add("uploads_per_account", &uploads_per_account, "unfinished ftp uploads of one phone", 1,
           10'000);
  keys.Add("link_parts_per_account", &link_parts_per_account,
           "parts of upload messages of one phone that are not complete", 1, 100'000);
  keys.Add("upload_life_s", &upload_life_s, "how long an unfinished upload waits for its next step",
           1, 365 * kDayS);
  keys.Add("sweep_s", &sweep_s, "how often uploads that waited too long are removed", 1, kDayS);
  http.Declare(keys);
  s3.Declare(keys);
  calls.Declare(keys);
}

absl::Status MediaConfig::Check() const {
  CHAT_RETURN_IF_ERROR(Needs(pg_url, "pg_url"));
  if (auth_addrs.empty()) return Needs("", "auth_addrs");
  if (messaging_addrs.empty()) return Needs("", "messaging_addrs");
  if (roster_addrs.empty()) return Needs("", "roster_addrs");
  CHAT_RETURN_IF_ERROR(Needs(redis, "redis"));
  CHAT_RETURN_IF_ERROR(Needs(object_dir, "object_dir"));
  CHAT_RETURN_IF_ERROR(http.Check());
  CHAT_RETURN_IF_ERROR(s3.Check());
  return calls.Check();
}

void HttpConfig::Declare(config::Keys& keys) {
  keys.Add("http_listen", &listen, "address:port of /file/<id>; port 0 picks one");
  keys.Add(
      "http_tls_cert", &tls_certificate,
      "PEM file: the listener's certificate, then its chain; it speaks HTTPS then; empty: HTTP");
  keys.Add("http_tls_key", &tls_key, "PEM file: its key");
  keys.Add("public_url", &public_url,
           "where clients reach http_listen, http(s)://host[:port]; empty: its own address");
  keys.Add("link_secret", &link_secret,
           "what links are signed with; empty: one that the first replica makes and keeps in"
           " PostgreSQL",
           config::Secret::kYes);
  keys.Add("put_link_life_s", &put_link_life_s, "how long a link to upload to is good", 1,
           7 * kDayS);
  keys.Add("get_link_life_s", &get_link_life_s, "how long a link to read is good", 1, 7 * kDayS);
  keys.Add("http_workers", &workers, "threads that ask, look up, read and write files", 1, 1000);
  keys.Add("http_connections", &connections, "HTTP connections at once; more are closed", 1,
           100'000);
  keys.Add("http_connections_per_address", &connections_per_address,
           "HTTP connections of one address at once; more are closed; 0: no limit", 0, 100'000);
  keys.Add("http_idle_s", &idle_s,
           "seconds without a whole request, or without progress of a body, that close a"
           " connection",
           1, 3600);
  keys.Add("http_head_bytes", &head_bytes, "largest request line and headers", 256, 1 << 20);
}

absl::Status HttpConfig::Check() const {
  if (!tls_certificate.empty()) CHAT_RETURN_IF_ERROR(Needs(tls_key, "http_tls_key"));
  if (!tls_key.empty()) CHAT_RETURN_IF_ERROR(Needs(tls_certificate, "http_tls_cert"));
  return CheckUrl(public_url, "public_url");
}

std::string HttpConfig::LinkBase(int port) const {
  if (!public_url.empty()) return public_url;
  std::string host = listen.substr(0, listen.rfind(':'));
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return (tls_certificate.empty() ? "http://" : "https://") + host + ":" + std::to_string(port);
}

void S3Config::Declare(config::Keys& keys) {
  keys.Add("s3_endpoint", &endpoint,
           "S3 server of the objects of upload messages, http(s)://host[:port]; empty: object_dir");
  keys.Add("s3_region", &region, "its region");
  keys.Add("s3_bucket", &bucket, "its bucket");
  keys.Add("s3_prefix", &prefix, "what keys in the bucket begin with");
  keys.Add("s3_access_key", &access_key, "access key id, for S3 and STS");
  keys.Add("s3_secret_key", &secret_key, "secret access key, for S3 and STS", config::Secret::kYes);
  keys.Add("sts_endpoint", &sts_endpoint,
           "STS server of Profile/aws, http(s)://host[:port]; empty: Profile/aws is refused");
  keys.Add("sts_role_arn", &sts_role_arn, "role that clients get credentials of");
  keys.Add("sts_life_s", &sts_life_s, "how long they are asked for", 900, 43'200);
}

absl::Status S3Config::Check() const {
  CHAT_RETURN_IF_ERROR(CheckUrl(endpoint, "s3_endpoint"));
  CHAT_RETURN_IF_ERROR(CheckUrl(sts_endpoint, "sts_endpoint"));
  if (!endpoint.empty()) CHAT_RETURN_IF_ERROR(Needs(bucket, "s3_bucket"));
  if (!sts_endpoint.empty()) CHAT_RETURN_IF_ERROR(Needs(sts_role_arn, "sts_role_arn"));
  if (endpoint.empty() && sts_endpoint.empty()) return absl::OkStatus();
  CHAT_RETURN_IF_ERROR(Needs(access_key, "s3_access_key"));
  return Needs(secret_key, "s3_secret_key");
}

void CallConfig::Declare(config::Keys& keys) {
  keys.Add("call_ring_s", &ring_s, "how long a call rings until it is missed", 1, 3600);
  keys.Add("call_life_s", &life_s, "how long an answered call may last", 1, 30 * kDayS);
  keys.Add("calls_per_account", &per_account, "calls of one phone at once", 1, 1000);
  keys.Add("cdrs_per_day", &cdrs_per_day, "call records that one phone may add in a day", 1,
           1'000'000);
  keys.Add("turn_uri", &turn_uri, "turn:host:port; empty: no TURN credentials");
  keys.Add("turn_secret", &turn_secret, "static-auth-secret of the TURN server",
           config::Secret::kYes);
  keys.Add("turn_life_s", &turn_life_s, "how long TURN credentials are good", 1, 7 * kDayS);
}

absl::Status CallConfig::Check() const {
  return turn_uri.empty() ? absl::OkStatus() : Needs(turn_secret, "turn_secret");
}

}  // namespace chat::media
