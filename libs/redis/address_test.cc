#include "libs/redis/address.h"

#include <gtest/gtest.h>

namespace chat::redis {
namespace {

TEST(RedisAddressTest, ItIsAHostAndAPort) {
  EXPECT_EQ(Address::Parse("127.0.0.1:6379")->host, "127.0.0.1");
  EXPECT_EQ(Address::Parse("redis.example:1")->port, 1);
  EXPECT_EQ(Address::Parse("[::1]:6379")->host, "::1");
}

TEST(RedisAddressTest, AnythingElseIsRefused) {
  for (const char* text : {"", ":", "localhost", "localhost:", ":6379", "h:0", "h:65536", "h:x",
                           "h:1x", "::1:6379", "h:-1"}) {
    EXPECT_FALSE(Address::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace chat::redis
