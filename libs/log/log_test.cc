#include "libs/log/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

namespace chat::log {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

// What `write` puts on standard error, line by line, each parsed strictly.
template <typename Function>
std::vector<nlohmann::json> Lines(const Function& write) {
  ::testing::internal::CaptureStderr();
  write();
  std::istringstream text(::testing::internal::GetCapturedStderr());
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(LogTest, ALineIsOneJsonObjectWithItsFields) {
  Start("roster-1", Level::kInfo);
  std::string name = "value";
  auto lines = Lines([&] {
    Warn("a \"thing\"\n",
         {{"count", 3u}, {"ok", true}, {"ratio", 0.5}, {"name", name}, {"c", "x"}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  const auto& line = lines[0];
  EXPECT_THAT(line["time"].get<std::string>(),
              MatchesRegex("20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z"));
  EXPECT_EQ(line["level"], "warn");
  EXPECT_EQ(line["process"], "roster-1");
  EXPECT_EQ(line["message"], "a \"thing\"\n");
  EXPECT_EQ(line["count"], 3);
  EXPECT_EQ(line["ok"], true);
  EXPECT_EQ(line["ratio"], 0.5);
  EXPECT_EQ(line["name"], "value");
  EXPECT_EQ(line["c"], "x");
}

TEST(LogTest, LevelsBelowTheConfiguredOneAreSilent) {
  Start("p", Level::kWarn);
  EXPECT_THAT(Lines([] {
                Debug("no");
                Info("no");
                Warn("yes");
                Error("yes");
              }),
              SizeIs(2));
}

TEST(LogTest, EveryByteStringIsValidJson) {
  Start("p", Level::kInfo);
  for (int first = 0; first < 256; ++first) {
    for (int second : {0x00, 0x20, 0x22, 0x7F, 0x80, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF}) {
      std::string bytes = {static_cast<char>(first), static_cast<char>(second), '\x80', '\x80',
                           'z'};
      ASSERT_THAT(Lines([&] { Info(bytes, {{"v", bytes}}); }), SizeIs(1)) << first << " " << second;
    }
  }
}

TEST(LogTest, WellFormedTextIsKeptAndTheRestReplaced) {
  Start("p", Level::kInfo);
  auto lines = Lines([] { Info("ґ€😀", {{"bad", "a\xC0\xAFz\xED\xA0\x80"}}); });
  EXPECT_EQ(lines[0]["message"], "ґ€😀");
  EXPECT_EQ(lines[0]["bad"], "a\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFD");
}

TEST(LogTest, ALongValueIsCutBetweenCharacters) {
  Start("p", Level::kInfo);
  std::string value;
  for (int i = 0; i < 10'000; ++i) value += "ґ";
  auto lines = Lines([&] { Info("m", {{"v", value}}); });
  auto kept = lines[0]["v"].get<std::string>();
  EXPECT_LE(kept.size(), 8195u);
  EXPECT_TRUE(kept.ends_with("ґ…"));
}

TEST(LogTest, ANumberThatJsonCannotSayIsNull) {
  Start("p", Level::kInfo);
  auto lines = Lines([] { Info("m", {{"v", std::numeric_limits<double>::quiet_NaN()}}); });
  EXPECT_TRUE(lines[0]["v"].is_null());
}

TEST(LogTest, LinesOfThreadsDoNotMix) {
  Start("p", Level::kInfo);
  std::string value(7000, 'x');
  auto lines = Lines([&] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) Info("m", {{"v", value}});
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  EXPECT_THAT(lines, SizeIs(200));
}

TEST(LogTest, LevelsHaveNames) {
  Level level;
  EXPECT_TRUE(ParseLevel("debug", &level));
  EXPECT_EQ(level, Level::kDebug);
  EXPECT_TRUE(ParseLevel("error", &level));
  EXPECT_EQ(level, Level::kError);
  EXPECT_FALSE(ParseLevel("loud", &level));
  EXPECT_EQ(level, Level::kInfo);
}

TEST(LogTest, AMaskedSecretShowsTooLittleToUseIt) {
  EXPECT_EQ(Masked("380631234534"), "3806…34");
  EXPECT_EQ(Masked("123456"), "12…");
  EXPECT_EQ(Masked("1234"), "…");
  EXPECT_EQ(Masked(""), "");
}

}  // namespace
}  // namespace chat::log
