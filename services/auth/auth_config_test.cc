#include "services/auth/auth_config.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::auth {
namespace {

AuthConfig Complete() {
  AuthConfig config;
  config.pg_url = "postgresql://";
  config.profile_addrs = {"localhost:1"};
  config.messaging_addrs = {"localhost:2"};
  config.outbox_dir = "/tmp";
  return config;
}

TEST(AuthConfigTest, TestNumbersBecomeATableOfNormalisedPhones) {
  AuthConfig config = Complete();
  config.test_numbers = {"+380670001234:000000", "12345:42"};
  ASSERT_TRUE(config.Check().ok());
  EXPECT_EQ(config.test_codes,
            (std::map<std::string, std::string>{{"380670001234", "000000"}, {"12345", "42"}}));
}

TEST(AuthConfigTest, WhatIsWrongIsRefusedByTheNameOfItsKey) {
  struct Case {
    std::string key;
    std::function<void(AuthConfig&)> spoil;
  };
  const Case cases[] = {
      {"pg_url", [](AuthConfig& c) { c.pg_url.clear(); }},
      {"profile_addrs", [](AuthConfig& c) { c.profile_addrs.clear(); }},
      {"messaging_addrs", [](AuthConfig& c) { c.messaging_addrs.clear(); }},
      {"outbox_dir", [](AuthConfig& c) { c.outbox_dir.clear(); }},
      {"webhook_url", [](AuthConfig& c) { c.webhook.url = "ftp://a"; }},
      {"webhook_secret", [](AuthConfig& c) { c.webhook.url = "https://a"; }},
      {"verify_reply", [](AuthConfig& c) { c.verify_reply = "both"; }},
      {"test_numbers", [](AuthConfig& c) { c.test_numbers = {"380670001234"}; }},
      {"test_numbers", [](AuthConfig& c) { c.test_numbers = {"1234:000000"}; }},
      {"test_numbers", [](AuthConfig& c) { c.test_numbers = {"12345:abc"}; }},
      {"test_numbers",
       [](AuthConfig& c) {
         c.test_numbers = {"12345:1", "+12345:2"};
       }},
      {"jwt_key",
       [](AuthConfig& c) {
         c.jwt = true;
         c.jwt_key = "short";
       }},
  };
  for (const Case& c : cases) {
    AuthConfig config = Complete();
    c.spoil(config);
    absl::Status status = config.Check();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.key;
    EXPECT_TRUE(Message(status).starts_with(c.key + ":")) << Message(status);
  }
}

TEST(AuthConfigTest, JwtModeWithoutAKeyGetsOneOfItsOwn) {
  AuthConfig first = Complete(), second = Complete();
  first.jwt = second.jwt = true;
  ASSERT_TRUE(first.Check().ok());
  ASSERT_TRUE(second.Check().ok());
  EXPECT_EQ(first.jwt_key.size(), 64u);
  EXPECT_NE(first.jwt_key, second.jwt_key);
}

}  // namespace
}  // namespace chat::auth
