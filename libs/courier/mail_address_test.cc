#include "libs/courier/mail_address.h"

#include <gtest/gtest.h>

namespace chat::courier {
namespace {

TEST(MailAddressTest, OrdinaryAddressesAreTaken) {
  for (const char* text : {"a@example.org", "Olena.K+chat@mail.example.co.uk", "x_y-z@a-b.io",
                           "1@1.2", "o'neil@example.org"}) {
    EXPECT_TRUE(IsMailAddress(text)) << text;
  }
  EXPECT_TRUE(IsMailAddress(std::string(64, 'a') + "@example.org"));
}

TEST(MailAddressTest, WhatIsNoAddressOrCouldBeAHeaderIsRefused) {
  for (const char* text : {"",
                           "a",
                           "@example.org",
                           "a@",
                           "a@b",
                           "a@@b.c",
                           "a@b..c",
                           ".a@b.c",
                           "a.@b.c",
                           "a..b@c.d",
                           "a@-b.c",
                           "a@b-.c",
                           "a b@c.d",
                           "a@b.c\r\nBcc: x@y.z",
                           "<a@b.c>",
                           "a@b.c>",
                           "a,b@c.d",
                           "\"a\"@b.c",
                           "a@[127.0.0.1]",
                           "\xC3\xA9@b.c",
                           "a@b.c ",
                           "a@b.c\n"}) {
    EXPECT_FALSE(IsMailAddress(text)) << text;
  }
  EXPECT_FALSE(IsMailAddress(std::string_view("a\0@b.c", 6)));
  EXPECT_FALSE(IsMailAddress(std::string(65, 'a') + "@example.org"));
  EXPECT_FALSE(IsMailAddress("a@" + std::string(64, 'b') + ".org"));
  std::string domain;
  for (int i = 0; i < 130; ++i) domain += "a.";
  EXPECT_FALSE(IsMailAddress("a@" + domain + "org"));
}

TEST(MailAddressTest, AddressesAreComparedWithoutCase) {
  EXPECT_EQ(FoldedAddress("Olena@Example.ORG"), "olena@example.org");
}

}  // namespace
}  // namespace chat::courier
