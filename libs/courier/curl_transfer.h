// One transfer by libcurl: what webhook and SMTP share. Blocks its thread.
#pragma once

#include <absl/status/status.h>
#include <curl/curl.h>

#include <string>
#include <string_view>

namespace chat::courier {

struct TransferOptions {
  std::string protocols;   // allowed ones, as in CURLOPT_PROTOCOLS_STR
  int64_t timeout_ms = 0;  // of the whole transfer
  std::string ca_file;     // empty: the system's certificates
};

class CurlTransfer {
 public:
  explicit CurlTransfer(const TransferOptions& options);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  // Text options are copied by libcurl.
  void Set(CURLoption option, long value) { curl_easy_setopt(curl_, option, value); }
  void Set(CURLoption option, const std::string& value) {
    curl_easy_setopt(curl_, option, value.c_str());
  }
  void AddHeader(const std::string& line);
  void AddRecipient(const std::string& address);

  // Sends `body` and throws away what comes back. OK: the server has answered; its code is
  // response(). kUnavailable: no answer. response() may be set then, too.
  absl::Status Run(std::string_view body);
  long response() const { return response_; }

 private:
  static size_t Read(char* to, size_t size, size_t count, void* self);
  static size_t Ignore(char* from, size_t size, size_t count, void* self);

  CURL* curl_;
  curl_slist* headers_ = nullptr;
  curl_slist* recipients_ = nullptr;
  std::string_view body_;
  long response_ = 0;
};

}  // namespace chat::courier
