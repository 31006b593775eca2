#include "services/profile/profile_config.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::profile {
namespace {

TEST(ProfileConfigTest, WhatIsMissingIsNamed) {
  ProfileConfig config;
  EXPECT_TRUE(Message(config.Check()).starts_with("pg_url:"));
  config.pg_url = "postgresql://";
  EXPECT_TRUE(Message(config.Check()).starts_with("roster_addrs:"));
  config.roster_addrs = {"localhost:1"};
  EXPECT_TRUE(Message(config.Check()).starts_with("messaging_addrs:"));
  config.messaging_addrs = {"localhost:2"};
  EXPECT_TRUE(Message(config.Check()).starts_with("auth_addrs:"));
  config.auth_addrs = {"localhost:3"};
  EXPECT_TRUE(Message(config.Check()).starts_with("outbox_dir:"));
  config.smtp.server = "localhost:25";
  EXPECT_TRUE(Message(config.Check()).starts_with("smtp_from:"));
  config.smtp.from = "chat@example.org";
  EXPECT_TRUE(config.Check().ok());
  config.smtp = {};
  config.outbox_dir = "/tmp";
  EXPECT_TRUE(config.Check().ok());
}

}  // namespace
}  // namespace chat::profile
