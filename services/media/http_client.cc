#include "services/media/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"

namespace chat::media {
namespace {

constexpr size_t kMaxBody = 64 * 1024;
constexpr int64_t kConnectMs = 3000;

size_t Take(char* data, size_t size, size_t count, void* body) {
  auto& text = *static_cast<std::string*>(body);
  if (text.size() + size * count > kMaxBody) return 0;
  text.append(data, size * count);
  return size * count;
}

// Once a process, before any thread of ours uses it.
bool Initialised() {
  static const bool done = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  return done;
}

// `result`: by what the answer's status begins with.
void Count(const std::string& method, const char* result, std::chrono::duration<double> taken) {
  metrics::Histogram("chat_media_provider_seconds",
                     "Requests to object storage and its token service, by method and result",
                     metrics::TimeBuckets(), {{"method", method}, {"result", result}})
      .Observe(taken.count());
}

const char* ResultOf(long status) {
  return status < 400 ? "ok" : status == 404 ? "not_found" : status < 500 ? "refused" : "failed";
}

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

absl::StatusOr<HttpResult> Perform(const HttpExchange& exchange) {
  const std::unique_ptr<CURL, Cleanup> curl(Initialised() ? curl_easy_init() : nullptr);
  if (curl == nullptr) return absl::UnavailableError("libcurl cannot be used");
  std::unique_ptr<curl_slist, Cleanup> headers;
  for (const std::string& line : exchange.headers) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  }
  HttpResult result;
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, exchange.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, exchange.method.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::max<int64_t>(1, exchange.timeout.count())));
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kConnectMs));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, Take);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &result.body);
  if (exchange.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  if (exchange.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, exchange.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(exchange.body.size()));
  }
  const auto begin = std::chrono::steady_clock::now();
  const CURLcode code = curl_easy_perform(handle);
  const auto taken = std::chrono::steady_clock::now() - begin;
  if (code != CURLE_OK) {
    Count(exchange.method, "no_answer", taken);
    return absl::UnavailableError(curl_easy_strerror(code));
  }
  long status = 0;
  curl_off_t length = -1;
  const char* type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
  Count(exchange.method, ResultOf(status), taken);
  result.status = static_cast<int>(status);
  result.length = std::max<int64_t>(0, length);
  if (type != nullptr) result.content_type = type;
  return result;
}

}  // namespace chat::media
