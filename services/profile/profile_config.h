// Configuration of chat-profile. Times are in seconds.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"
#include "libs/courier/courier.h"
#include "libs/courier/smtp.h"

namespace chat::profile {

struct ProfileConfig {
  std::string pg_url;
  int64_t pg_pool = 8;
  std::vector<std::string> roster_addrs;
  std::vector<std::string> messaging_addrs;
  std::vector<std::string> auth_addrs;
  std::string outbox_dir;  // used without smtp.server
  courier::SmtpConfig smtp;
  courier::CourierLimits courier;
  int64_t mail_code_life_s = 3600;
  int64_t phone_code_life_s = 900;
  int64_t code_wrong_tries = 5;
  int64_t rate_account_per_hour = 10;
  int64_t rate_target_per_hour = 5;
  int64_t mail_addresses = 10;
  int64_t sweep_ms = 2000;

  void Declare(config::Keys& keys);
  // After parsing: refuses what is missing, with the name of the key (kInvalidArgument).
  absl::Status Check() const;
};

}  // namespace chat::profile
