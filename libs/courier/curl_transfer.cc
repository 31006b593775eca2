#include "libs/courier/curl_transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "libs/base/status.h"

namespace chat::courier {
namespace {

constexpr size_t kMostIgnored = 1 << 20;  // bytes of an answer; a longer one is cut off

CURL* NewCurl() {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* curl = started == CURLE_OK ? curl_easy_init() : nullptr;
  if (curl == nullptr) {
    std::fputs("libcurl does not start\n", stderr);
    std::abort();
  }
  return curl;
}

}  // namespace

CurlTransfer::CurlTransfer(const TransferOptions& options) : curl_(NewCurl()) {
  Set(CURLOPT_NOSIGNAL, 1L);
  Set(CURLOPT_PROTOCOLS_STR, options.protocols);
  Set(CURLOPT_FOLLOWLOCATION, 0L);
  Set(CURLOPT_PROXY, std::string());
  Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.timeout_ms));
  Set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout_ms));
  Set(CURLOPT_MAXFILESIZE, static_cast<long>(kMostIgnored));
  if (!options.ca_file.empty()) Set(CURLOPT_CAINFO, options.ca_file);
  curl_easy_setopt(curl_, CURLOPT_READFUNCTION, &CurlTransfer::Read);
  curl_easy_setopt(curl_, CURLOPT_READDATA, this);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &CurlTransfer::Ignore);
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(curl_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(recipients_);
}

void CurlTransfer::AddHeader(const std::string& line) {
  headers_ = curl_slist_append(headers_, line.c_str());
}

void CurlTransfer::AddRecipient(const std::string& address) {
  recipients_ = curl_slist_append(recipients_, address.c_str());
}

absl::Status CurlTransfer::Run(std::string_view body) {
  body_ = body;
  if (headers_ != nullptr) curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
  if (recipients_ != nullptr) curl_easy_setopt(curl_, CURLOPT_MAIL_RCPT, recipients_);
  const CURLcode code = curl_easy_perform(curl_);
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &response_);
  if (code == CURLE_OK) return absl::OkStatus();
  return absl::UnavailableError(curl_easy_strerror(code));
}

size_t CurlTransfer::Read(char* to, size_t size, size_t count, void* self) {
  std::string_view& body = static_cast<CurlTransfer*>(self)->body_;
  const size_t bytes = std::min(size * count, body.size());
  std::memcpy(to, body.data(), bytes);
  body.remove_prefix(bytes);
  return bytes;
}

size_t CurlTransfer::Ignore(char*, size_t size, size_t count, void*) { return size * count; }

}  // namespace chat::courier
