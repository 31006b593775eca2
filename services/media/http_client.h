// Requests to other servers (S3, STS) by libcurl. Blocking, any thread; an answer is bounded.
#pragma once

#include <absl/status/statusor.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace chat::media {

struct HttpExchange {
  std::string method;  // HEAD, DELETE, POST
  std::string url;
  std::vector<std::string> headers = {};  // lines
  std::string body = {};                  // of POST
  std::chrono::milliseconds timeout{5000};
};

struct HttpResult {
  int status = 0;
  int64_t length = 0;  // Content-Length; 0 where it is not said
  std::string content_type;
  std::string body;  // at most 64 KiB, a longer one is an error
};

// kUnavailable: no answer; what answered is a result, whatever its status. Redirects are not
// followed.
absl::StatusOr<HttpResult> Perform(const HttpExchange& exchange);

}  // namespace chat::media
