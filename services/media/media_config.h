// Configuration of chat-media.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::media {

// The objects of `upload` messages in an S3 bucket, and credentials by STS. No endpoint: neither.
struct S3Config {
  std::string endpoint;  // http(s)://host[:port]
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix;
  std::string access_key;
  std::string secret_key;
  std::string sts_endpoint;
  std::string sts_role_arn;
  int64_t sts_life_s = 3600;

  void Declare(config::Keys& keys);
  absl::Status Check() const;
};

struct CallConfig {
  int64_t ring_s = 60;
  int64_t life_s = 86'400;
  int64_t per_account = 8;
  int64_t cdrs_per_day = 1000;
  std::string turn_uri;
  std::string turn_secret;
  int64_t turn_life_s = 3600;

  void Declare(config::Keys& keys);
  absl::Status Check() const;
};

struct HttpConfig {
  std::string listen = "127.0.0.1:0";
  std::string tls_certificate;
  std::string tls_key;
  std::string public_url;
  std::string link_secret;
  int64_t put_link_life_s = 3600;
  int64_t get_link_life_s = 86'400;
  int64_t workers = 8;
  int64_t connections = 1024;
  int64_t connections_per_address = 128;
  int64_t idle_s = 30;
  int64_t head_bytes = 8192;

  void Declare(config::Keys& keys);
  absl::Status Check() const;
  // What links begin with, where `port` is the one that was bound.
  std::string LinkBase(int port) const;
};

struct MediaConfig {
  std::string pg_url;
  int64_t pg_pool = 16;
  std::vector<std::string> auth_addrs;
  std::vector<std::string> messaging_addrs;
  std::vector<std::string> roster_addrs;
  std::string redis;

  std::string object_dir;
  int64_t quota_bytes = 1LL << 30;
  int64_t max_object_bytes = 100LL << 20;
  int64_t block_bytes = 262'144;
  int64_t max_packet = 1 << 20;
  int64_t uploads_per_account = 16;
  int64_t link_parts_per_account = 256;
  int64_t upload_life_s = 86'400;
  int64_t sweep_s = 60;

  HttpConfig http;
  S3Config s3;
  CallConfig calls;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::media
