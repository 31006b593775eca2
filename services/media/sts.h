// Temporary credentials by STS AssumeRole. Thread safe; Assume() blocks.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "libs/base/ids.h"
#include "services/media/sigv4.h"

namespace chat::media {

struct TemporaryCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  int64_t expires_ms = 0;
};

struct StsRole {
  std::string endpoint;
  std::string arn;
  int64_t life_s = 3600;
  std::string bucket, prefix;  // what the credentials may be used for; no bucket: the role decides
  SigningKey key;
};

class Sts {
 public:
  explicit Sts(StsRole role) : role_(std::move(role)) {}

  // Those that the account was given and that live for 5 more minutes.
  std::optional<TemporaryCredentials> Kept(AccountId account, int64_t now_ms);
  // New ones, kept. With a bucket they are limited to `<prefix>users/<account>/` in it. Any error:
  // the provider failed.
  absl::StatusOr<TemporaryCredentials> Assume(AccountId account, int64_t now_ms,
                                              std::chrono::milliseconds timeout);

 private:
  std::string Body(AccountId account) const;

  static constexpr size_t kMaxKept = 10'000;

  const StsRole role_;
  std::mutex mutex_;
  std::map<int64_t, TemporaryCredentials> kept_;
};

// The credentials in an AssumeRole answer. kInvalidArgument: none.
absl::StatusOr<TemporaryCredentials> ParseAssumeRole(const std::string& xml);

}  // namespace chat::media
