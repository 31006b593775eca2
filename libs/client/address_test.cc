#include "libs/client/address.h"

#include <gtest/gtest.h>

namespace chat::client {
namespace {

TEST(AddressTest, AHostAndAPortAreTakenApartAtTheLastColon) {
  const auto address = ParseAddress("chat.example:1883");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "chat.example");
  EXPECT_EQ(address->port, "1883");
}

TEST(AddressTest, AnIpv6AddressStandsInBrackets) {
  const auto address = ParseAddress("[::1]:65535");
  ASSERT_TRUE(address.has_value());
  EXPECT_EQ(address->host, "::1");
}

TEST(AddressTest, EverythingElseIsNoAddress) {
  for (const char* text : {"", ":", "host", "host:", ":1883", "host:0", "host:65536", "host:12x",
                           "host:-1", "::1:1883", "[]:1", "host: 1"}) {
    EXPECT_FALSE(ParseAddress(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace chat::client
