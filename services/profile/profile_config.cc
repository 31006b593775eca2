#include "services/profile/profile_config.h"

#include "libs/base/status.h"

namespace chat::profile {
namespace {

absl::Status Missing(const char* key) {
  return absl::InvalidArgumentError(View(std::string(key) + ": is missing"));
}

}  // namespace

void ProfileConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema profile", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("roster_addrs", &roster_addrs, "chat-roster, host:port, comma separated");
  keys.Add("messaging_addrs", &messaging_addrs, "chat-messaging, host:port, comma separated");
  keys.Add("auth_addrs", &auth_addrs, "chat-auth, host:port, comma separated");
  keys.Add("outbox_dir", &outbox_dir, "folder in which email.jsonl receives the codes");
  smtp.Declare(keys);
  courier.Declare(keys);
  keys.Add("mail_code_life_s", &mail_code_life_s, "life of a code sent by e-mail", 1, 86'400);
  keys.Add("phone_code_life_s", &phone_code_life_s, "life of a pending move to another phone", 1,
           86'400);
  keys.Add("code_wrong_tries", &code_wrong_tries, "wrong tries that a code survives", 1, 100);
  keys.Add("rate_account_per_hour", &rate_account_per_hour,
           "codes that an account may have sent in an hour; 0: no limit", 0, 1'000'000);
  keys.Add("rate_target_per_hour", &rate_target_per_hour,
           "codes to one address or phone in an hour; 0: no limit", 0, 1'000'000);
  keys.Add("mail_addresses", &mail_addresses, "e-mail addresses of an account", 1, 100);
  keys.Add("sweep_ms", &sweep_ms, "how often unfinished removals and renames are looked for", 10,
           3'600'000);
}

absl::Status ProfileConfig::Check() const {
  if (pg_url.empty()) return Missing("pg_url");
  if (roster_addrs.empty()) return Missing("roster_addrs");
  if (messaging_addrs.empty()) return Missing("messaging_addrs");
  if (auth_addrs.empty()) return Missing("auth_addrs");
  CHAT_RETURN_IF_ERROR(smtp.Check());
  if (smtp.server.empty() && outbox_dir.empty()) {
    return absl::InvalidArgumentError("outbox_dir: is missing, and there is no smtp_server");
  }
  return absl::OkStatus();
}

}  // namespace chat::profile
