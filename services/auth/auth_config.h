// Configuration of chat-auth. Times are in seconds.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "libs/courier/courier.h"
#include "libs/courier/webhook.h"

namespace chat::auth {

struct AuthConfig {
  std::string pg_url;
  int64_t pg_pool = 8;
  std::vector<std::string> profile_addrs;
  std::vector<std::string> messaging_addrs;
  std::string outbox_dir;  // used without webhook.url
  courier::WebhookConfig webhook;
  courier::CourierLimits courier;
  std::vector<std::string> test_numbers;  // PHONE:CODE
  bool jwt = false;
  std::string jwt_key;
  int64_t code_life_s = 900;
  int64_t code_wrong_tries = 5;
  int64_t token_life_s = 86'400;
  int64_t renew_window_s = 2'592'000;
  int64_t rate_phone_per_hour = 5;
  int64_t rate_address_per_minute = 30;
  int64_t sweep_s = 60;
  std::string verify_reply = "pair";

  // Filled by Check().
  std::map<std::string, std::string> test_codes;  // phone -> code

  void Declare(config::Keys& keys);
  // After parsing: refuses what does not fit together, with the name of the key (kInvalidArgument),
  // fills test_codes, and makes up a jwt_key when JWT mode has none.
  absl::Status Check();
};

}  // namespace chat::auth
