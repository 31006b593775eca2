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
  EXPECT_TRUE(config.Check().ok());
}

}  // namespace
}  // namespace chat::profile
