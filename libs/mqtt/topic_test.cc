#include "libs/mqtt/topic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace chat::mqtt {
namespace {

using std::string_literals::operator""s;
using testing::ElementsAre;

TEST(Utf8Test, WellFormedTextIsAccepted) {
  // MQTT5-1.5.4-3
  EXPECT_TRUE(IsValidUtf8(""));
  EXPECT_TRUE(IsValidUtf8("plain"));
  EXPECT_TRUE(IsValidUtf8("\xC2\x80"));          // first of two bytes
  EXPECT_TRUE(IsValidUtf8("\xE0\xA0\x80"));      // first of three
  EXPECT_TRUE(IsValidUtf8("\xED\x9F\xBF"));      // last before the surrogates
  EXPECT_TRUE(IsValidUtf8("\xEE\x80\x80"));      // first behind them
  EXPECT_TRUE(IsValidUtf8("\xF0\x90\x80\x80"));  // first of four
  EXPECT_TRUE(IsValidUtf8("\xF4\x8F\xBF\xBF"));  // U+10FFFF
  EXPECT_TRUE(IsValidUtf8("\xEF\xBB\xBF"));      // MQTT-1.5.3-3: U+FEFF is a character like others
}

TEST(Utf8Test, SurrogatesAreRefused) {
  // MQTT-1.5.3-1
  EXPECT_FALSE(IsValidUtf8("\xED\xA0\x80"));
  EXPECT_FALSE(IsValidUtf8("\xED\xBF\xBF"));
}

TEST(Utf8Test, IllFormedTextIsRefused) {
  // MQTT-1.5.3-1
  for (const std::string& bad :
       {"\x80"s, "\xBF"s, "\xC0\x80"s, "\xC1\xBF"s, "\xC2"s, "\xC2\x41"s, "\xE0\x9F\xBF"s,
        "\xE1\x80"s, "\xE1\x80\x41"s, "\xF0\x8F\xBF\xBF"s, "\xF4\x90\x80\x80"s, "\xF5\x80\x80\x80"s,
        "\xF1\x80\x80"s, "\xFF"s, "a\xFE"s}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << testing::PrintToString(bad);
  }
}

TEST(Utf8Test, TheNullCharacterIsRefused) {
  // MQTT-4.7.3-2, MQTT5-1.5.4-2, MQTT5-4.7.3-2
  // MQTT-1.5.3-2
  EXPECT_FALSE(IsValidUtf8("a\0b"s));
}

TEST(TopicTest, ANameHasACharacterAndNoWildcard) {
  // MQTT5-4.7.3-1
  EXPECT_TRUE(IsValidTopicName("a"));
  EXPECT_TRUE(IsValidTopicName("/"));
  EXPECT_TRUE(IsValidTopicName("events/1//api/anon//"));
  EXPECT_FALSE(IsValidTopicName(""));      // MQTT-4.7.3-1
  EXPECT_FALSE(IsValidTopicName("a/+"));   // MQTT-3.3.2-2
  EXPECT_FALSE(IsValidTopicName("a#"));    // MQTT-4.7.1-1
  EXPECT_FALSE(IsValidTopicName("a\0"s));  // MQTT-4.7.3-2
}

TEST(TopicTest, ATextHasAtMost65535Bytes) {
  // MQTT5-4.7.3-3
  // MQTT-4.7.3-3
  EXPECT_TRUE(IsValidTopicName(std::string(65'535, 'a')));
  EXPECT_FALSE(IsValidTopicName(std::string(65'536, 'a')));
}

TEST(TopicTest, TheMultiLevelWildcardStandsAloneAndLast) {
  // MQTT5-4.7.1-1
  // MQTT-4.7.1-2
  EXPECT_TRUE(IsValidTopicFilter("#"));
  EXPECT_TRUE(IsValidTopicFilter("sport/tennis/#"));
  EXPECT_FALSE(IsValidTopicFilter("sport/tennis#"));
  EXPECT_FALSE(IsValidTopicFilter("sport/tennis/#/ranking"));
  EXPECT_FALSE(IsValidTopicFilter("#/"));
  EXPECT_FALSE(IsValidTopicFilter("##"));
}

TEST(TopicTest, TheSingleLevelWildcardFillsItsLevel) {
  // MQTT5-4.7.1-2
  // MQTT-4.7.1-3
  EXPECT_TRUE(IsValidTopicFilter("+"));
  EXPECT_TRUE(IsValidTopicFilter("+/tennis/#"));
  EXPECT_TRUE(IsValidTopicFilter("sport/+/player1"));
  EXPECT_FALSE(IsValidTopicFilter("sport+"));
  EXPECT_FALSE(IsValidTopicFilter("a/+b/c"));
  EXPECT_FALSE(IsValidTopicFilter("++"));
  EXPECT_FALSE(IsValidTopicFilter(""));  // MQTT-4.7.3-1
}

struct MatchCase {
  const char* filter;
  const char* topic;
  bool matches;
};

TEST(TopicTest, FiltersMatchAsTheStandardsExamplesSay) {
  // MQTT5-4.7.2-1, MQTT5-4.7.3-4
  // MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.2-1, MQTT-4.7.3-4
  const MatchCase cases[] = {
      {"sport/tennis/player1/#", "sport/tennis/player1", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/ranking", true},
      {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true},
      {"sport/tennis/player1/#", "sport/tennis/player2", false},
      {"sport/#", "sport", true},
      {"#", "sport/a", true},
      {"#", "/", true},
      {"sport/tennis/+", "sport/tennis/player1", true},
      {"sport/tennis/+", "sport/tennis/player1/ranking", false},
      {"sport/+", "sport", false},
      {"sport/+", "sport/", true},
      {"+/+", "/finance", true},
      {"/+", "/finance", true},
      {"+", "/finance", false},
      {"+/b/#", "a/b", true},
      {"a/b", "a/b", true},
      {"a/b", "a/b/", false},
      {"a/b/", "a/b", false},
      {"a/b", "A/b", false},
      {"a//b", "a//b", true},
      {"a/+/b", "a//b", true},
      {"#", "$SYS/x", false},
      {"+/monitor/Clients", "$SYS/monitor/Clients", false},
      {"$SYS/#", "$SYS/monitor", true},
      {"$SYS/monitor/+", "$SYS/monitor/Clients", true},
      {"$SYS/#", "$SYS", true},
  };
  for (const MatchCase& c : cases) {
    EXPECT_EQ(TopicMatches(c.filter, c.topic), c.matches) << c.filter << " ~ " << c.topic;
  }
}

TEST(TopicTest, EmptyLevelsCount) {
  EXPECT_THAT(SplitLevels("a//b"), ElementsAre("a", "", "b"));
  EXPECT_THAT(SplitLevels("/"), ElementsAre("", ""));
  EXPECT_THAT(SplitLevels(""), ElementsAre(""));
  EXPECT_THAT(SplitLevels("events/1//api/anon//"),
              ElementsAre("events", "1", "", "api", "anon", "", ""));
  EXPECT_EQ(CountLevels("a//b"), 3u);
  EXPECT_EQ(CountLevels(""), 1u);
}

TEST(TopicTest, ALimitedSplitKeepsTheRestInTheLastLevel) {
  EXPECT_THAT(SplitLevels("a/b/c/d", 2), ElementsAre("a", "b/c/d"));
  EXPECT_THAT(SplitLevels("a/b", 2), ElementsAre("a", "b"));
  EXPECT_THAT(SplitLevels("a/b/", 2), ElementsAre("a", "b/"));
  EXPECT_THAT(SplitLevels("a/b", 1), ElementsAre("a/b"));
}

TEST(TopicTest, LevelsAreWalkedWithTheirRest) {
  TopicLevels levels("a/b/c");
  EXPECT_EQ(levels.current(), "a");
  EXPECT_EQ(levels.rest(), "b/c");
  EXPECT_FALSE(levels.last());
  levels.Advance();
  levels.Advance();
  EXPECT_EQ(levels.current(), "c");
  EXPECT_TRUE(levels.last());
  EXPECT_FALSE(levels.done());
  levels.Advance();
  EXPECT_TRUE(levels.done());
}

}  // namespace
}  // namespace chat::mqtt
