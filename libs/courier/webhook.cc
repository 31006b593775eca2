#include "libs/courier/webhook.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"
#include "libs/courier/curl_transfer.h"
#include "libs/courier/time_text.h"

namespace chat::courier {
namespace {

constexpr size_t kShortestSecret = 32;

bool MayTryAgain(long code) { return code == 408 || code == 425 || code == 429 || code >= 500; }

}  // namespace

void WebhookConfig::Declare(config::Keys& keys) {
  keys.Add("webhook_url", &url,
           "http(s) address of the provider of SMS and calls; empty: outbox_dir");
  keys.Add("webhook_secret", &secret, "key of X-Chat-Signature, at least 32 bytes",
           config::Secret::kYes);
  keys.Add("webhook_timeout_ms", &timeout_ms, "for one attempt at the provider", 1, 60'000);
  keys.Add("webhook_ca", &ca_file,
           "file of certificates that the provider is known by; empty: the system's");
}

absl::Status WebhookConfig::Check() const {
  if (url.empty()) return absl::OkStatus();
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    return absl::InvalidArgumentError("webhook_url: is neither http:// nor https://");
  }
  if (secret.size() < kShortestSecret) {
    return absl::InvalidArgumentError("webhook_secret: is shorter than 32 bytes");
  }
  return absl::OkStatus();
}

std::string WebhookSignature(std::string_view secret, std::string_view timestamp,
                             std::string_view body) {
  std::string text(timestamp);
  text.append(".").append(body);
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int size = sizeof mac;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac,
           &size) == nullptr) {
    std::fputs("HMAC-SHA-256 is not available\n", stderr);
    std::abort();
  }
  std::string signature = "sha256=";
  for (unsigned int i = 0; i < size; ++i) {
    static constexpr char kDigits[] = "0123456789abcdef";
    signature += kDigits[mac[i] >> 4];
    signature += kDigits[mac[i] & 15];
  }
  return signature;
}

absl::Status Webhook::Carry(const Letter& letter) {
  const int64_t now_ms = clock_.UnixMs();
  const nlohmann::ordered_json json = {
      {"id", letter.id}, {"time", TimeText(now_ms)}, {"kind", std::string(NameOf(letter.kind))},
      {"to", letter.to}, {"code", letter.code},      {"text", letter.text}};
  const std::string body = json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::string timestamp = std::to_string(now_ms / 1000);
  CurlTransfer transfer(
      {.protocols = "http,https", .timeout_ms = config_.timeout_ms, .ca_file = config_.ca_file});
  transfer.Set(CURLOPT_URL, config_.url);
  transfer.Set(CURLOPT_POST, 1L);
  transfer.Set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  transfer.AddHeader("Content-Type: application/json");
  transfer.AddHeader("Expect:");
  transfer.AddHeader("X-Chat-Timestamp: " + timestamp);
  transfer.AddHeader("X-Chat-Signature: " + WebhookSignature(config_.secret, timestamp, body));
  CHAT_RETURN_IF_ERROR(transfer.Run(body));
  const long code = transfer.response();
  if (code >= 200 && code < 300) return absl::OkStatus();
  const std::string why = "HTTP " + std::to_string(code);
  if (MayTryAgain(code)) return absl::UnavailableError(View(why));
  if (code == 400 || code == 422) return absl::InvalidArgumentError(View(why));
  return absl::FailedPreconditionError(View(why));
}

}  // namespace chat::courier
