#include "libs/base/ids.h"

#include <gtest/gtest.h>

#include <unordered_set>

namespace chat {
namespace {

TEST(PhoneIdTest, ItIsThePhoneAndTheRoster) {
  auto id = PhoneId::Parse("380631234567_42");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->phone, "380631234567");
  EXPECT_EQ(id->roster, RosterId{42});
  EXPECT_EQ(id->text(), "380631234567_42");
}

TEST(PhoneIdTest, TheLongestOfBothPartsIsTaken) {
  auto id = PhoneId::Parse("123456789012345_9223372036854775807");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->roster.value, INT64_MAX);
}

TEST(PhoneIdTest, AnythingElseIsRefused) {
  for (const char* text :
       {"", "_", "_1", "380631234567", "380631234567_", "1234_1", "1234567890123456_1", "12345_0",
        "12345_01", "12345_-1", "12345_+1", "12345_1 ", " 12345_1", "12345_1_2", "+12345_1",
        "12345_9223372036854775808", "12345_1x", "1234a_1"}) {
    EXPECT_FALSE(PhoneId::Parse(text).has_value()) << text;
  }
  EXPECT_FALSE(PhoneId::Parse(std::string_view("12345_1\0", 8)).has_value());
}

TEST(NormalisePhoneTest, ALeadingPlusIsDropped) {
  EXPECT_EQ(NormalisePhone("+380631234567"), "380631234567");
  EXPECT_EQ(NormalisePhone("12345"), "12345");
  EXPECT_EQ(NormalisePhone("123456789012345"), "123456789012345");
}

TEST(NormalisePhoneTest, AnythingElseIsRefused) {
  for (const char* text : {"", "+", "1234", "1234567890123456", "++12345", "12345+", "12 345",
                           "12345_1", "\xd9\xa1\xd9\xa2\xd9\xa3"}) {
    EXPECT_FALSE(NormalisePhone(text).has_value()) << text;
  }
}

TEST(RoomIdTest, ATopicLevelThatIsNoPhoneIdIsARoomId) {
  for (const std::string& text :
       {std::string("r"), std::string("team room 1"), std::string(128, 'x'),
        std::string("\xd0\xb6"), std::string("\xc2\xa0")}) {
    EXPECT_TRUE(IsRoomId(text)) << text;
  }
  for (const std::string& text :
       {std::string(), std::string(129, 'x'), std::string("a/b"), std::string("a+"),
        std::string("#"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f"),
        std::string("\xff"), std::string("\xc2\x85"), std::string("380670001234_1")}) {
    EXPECT_FALSE(IsRoomId(text)) << text;
  }
}

TEST(IdTest, IdsAreKeysAndNoneIsFalse) {
  std::unordered_set<FeedId> feeds = {FeedId{1}, FeedId{2}, FeedId{1}};
  EXPECT_EQ(feeds.size(), 2u);
  EXPECT_LT(FeedId{1}, FeedId{2});
  EXPECT_FALSE(FeedId{});
  EXPECT_TRUE(FeedId{1});
}

}  // namespace
}  // namespace chat
