#include "services/media/media_config.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::media {
namespace {

MediaConfig Complete() {
  MediaConfig config;
  config.pg_url = "postgresql://x";
  config.auth_addrs = {"x:1"};
  config.object_dir = "objects";
  return config;
}

TEST(MediaConfigTest, WhatIsMissingIsRefusedByName) {
  EXPECT_TRUE(Complete().Check().ok());
  MediaConfig config = Complete();
  config.object_dir.clear();
  EXPECT_EQ(Message(config.Check()), "object_dir: is missing");
  config = Complete();
  config.auth_addrs.clear();
  EXPECT_EQ(Message(config.Check()), "auth_addrs: is missing");
  config = Complete();
  config.pg_url.clear();
  EXPECT_EQ(Message(config.Check()), "pg_url: is missing");
}

TEST(MediaConfigTest, KeysHaveTheirNamesAndBounds) {
  MediaConfig config;
  config::Keys keys("media");
  config.Declare(keys);
  const auto none = [](const char*) -> const char* { return nullptr; };
  EXPECT_TRUE(
      keys.Parse({"--quota_bytes=5", "--max_object_bytes=4", "--block_bytes=3"}, none).ok());
  EXPECT_EQ(config.quota_bytes, 5);
  EXPECT_EQ(config.max_object_bytes, 4);
  EXPECT_EQ(config.block_bytes, 3);
  EXPECT_FALSE(keys.Parse({"--block_bytes=0"}, none).ok());
}

}  // namespace
}  // namespace chat::media
