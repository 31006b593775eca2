// A provider behind HTTP: POST of one JSON object {"id","time","kind","to","code","text"} a letter.
// The provider knows the letter by X-Chat-Timestamp (Unix seconds) and X-Chat-Signature:
// `sha256=` and the HMAC-SHA-256, in hex, of the timestamp, a full stop and the body. It refuses
// what is older than some minutes; attempts at one letter have one `id`, so it hands over once.
// 2xx: taken. 408, 425, 429, 5xx, no answer: may be tried again. 400, 422: not to this number
// (kInvalidArgument). Anything else: refused for good.
#pragma once

#include <string>
#include <string_view>

#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/courier/carrier.h"

namespace chat::courier {

struct WebhookConfig {
  std::string url;     // empty: none
  std::string secret;  // at least 32 bytes
  int64_t timeout_ms = 5000;
  std::string ca_file;

  void Declare(config::Keys& keys);  // webhook_url, webhook_secret, …
  absl::Status Check() const;        // kInvalidArgument with the name of the key
};

// `sha256=<hex>`.
std::string WebhookSignature(std::string_view secret, std::string_view timestamp,
                             std::string_view body);

class Webhook final : public Carrier {
 public:
  Webhook(WebhookConfig config, const Clock& clock) : config_(std::move(config)), clock_(clock) {}

  absl::Status Carry(const Letter& letter) override;

 private:
  const WebhookConfig config_;
  const Clock& clock_;
};

}  // namespace chat::courier
