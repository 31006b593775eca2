#include "services/auth/auth_config.h"

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/courier/secret_code.h"

namespace chat::auth {
namespace {

constexpr int64_t kTenYearsS = 10LL * 366 * 86'400;

absl::Status Wrong(const std::string& why) { return absl::InvalidArgumentError(View(why)); }

bool IsCode(std::string_view text) {
  return !text.empty() && text.size() <= 16 &&
         text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void AuthConfig::Declare(config::Keys& keys) {
  keys.Add("pg_url", &pg_url, "PostgreSQL of the schema auth", config::Secret::kYes);
  keys.Add("pg_pool", &pg_pool, "connections to PostgreSQL", 1, 1000);
  keys.Add("profile_addrs", &profile_addrs, "chat-profile, host:port, comma separated");
  keys.Add("messaging_addrs", &messaging_addrs, "chat-messaging, host:port, comma separated");
  keys.Add("outbox_dir", &outbox_dir,
           "folder in which sms.jsonl and voice.jsonl receive the codes");
  webhook.Declare(keys);
  courier.Declare(keys);
  keys.Add("test_numbers", &test_numbers,
           "PHONE:CODE,… numbers with a fixed code that is not sent; the code limits hold",
           config::Secret::kYes);
  keys.Add("jwt", &jwt, "allow registration by JWT, which proves nothing about the phone");
  keys.Add("jwt_key", &jwt_key, "key that signs JWTs; empty: one of this process's own",
           config::Secret::kYes);
  keys.Add("code_life_s", &code_life_s, "life of a code", 1, 86'400);
  keys.Add("code_wrong_tries", &code_wrong_tries, "wrong tries that a code survives", 1, 100);
  keys.Add("token_life_s", &token_life_s, "life of a token", 1, kTenYearsS);
  keys.Add("renew_window_s", &renew_window_s, "how long an expired token is still renewed", 0,
           kTenYearsS);
  keys.Add("rate_phone_per_hour", &rate_phone_per_hour, "codes for a phone in an hour; 0: no limit",
           0, 1'000'000);
  keys.Add("rate_address_per_minute", &rate_address_per_minute,
           "codes asked for by an address in a minute; 0: no limit", 0, 1'000'000);
  keys.Add("sweep_s", &sweep_s, "how often expired rows are deleted", 1, 3600);
  keys.Add("verify_reply", &verify_reply,
           "pair: {ok2,login,{ClientId,Token}}; docs: {'Client',_} and {'Token',_} (Q1)");
}

absl::Status AuthConfig::Check() {
  if (pg_url.empty()) return Wrong("pg_url: is missing");
  if (profile_addrs.empty()) return Wrong("profile_addrs: is missing");
  if (messaging_addrs.empty()) return Wrong("messaging_addrs: is missing");
  CHAT_RETURN_IF_ERROR(webhook.Check());
  if (webhook.url.empty() && outbox_dir.empty()) {
    return Wrong("outbox_dir: is missing, and there is no webhook_url");
  }
  if (verify_reply != "pair" && verify_reply != "docs") {
    return Wrong("verify_reply: '" + verify_reply + "' is neither pair nor docs");
  }
  test_codes.clear();
  for (const std::string& entry : test_numbers) {
    size_t colon = entry.find(':');
    std::optional<std::string> phone = NormalisePhone(std::string_view(entry).substr(0, colon));
    if (colon == std::string::npos || !phone ||
        !IsCode(std::string_view(entry).substr(colon + 1))) {
      return Wrong("test_numbers: an entry is not PHONE:CODE of 5 to 15 and 1 to 16 digits");
    }
    if (!test_codes.emplace(*phone, entry.substr(colon + 1)).second) {
      return Wrong("test_numbers: " + *phone + " is there twice");
    }
  }
  if (jwt && jwt_key.empty()) jwt_key = courier::RandomHex(32);
  if (jwt && jwt_key.size() < 32) return Wrong("jwt_key: is shorter than 32 bytes");
  return absl::OkStatus();
}

}  // namespace chat::auth
