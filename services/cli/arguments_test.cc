#include "services/cli/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/cli/commands.h"

namespace chat::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<Call> Parse(const std::vector<std::string>& words) {
  return ParseCall(words, Commands());
}

TEST(ArgumentsTest, ACommandOfTwoWordsIsFoundBeforeOneOfOne) {
  const auto call = Parse({"friend", "add", "+380670001234"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->command->name, "friend add");
  EXPECT_THAT(call->arguments.operands, ElementsAre("+380670001234"));
}

TEST(ArgumentsTest, OptionsMayStandAnywhereAndWithAnEqualsSign) {
  const auto call = Parse({"--json", "history", "--count=-20", "lobby", "--home", "/tmp/a"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_TRUE(call->arguments.json);
  EXPECT_EQ(call->arguments.count, -20);
  EXPECT_EQ(call->arguments.home, "/tmp/a");
}

TEST(ArgumentsTest, ANegativeNumberIsAValueAndNoOption) {
  const auto call = Parse({"history", "lobby", "--count", "-20"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->arguments.count, -20);
}

TEST(ArgumentsTest, BehindTwoDashesEverythingIsAnOperand) {
  const auto call = Parse({"send", "lobby", "--", "--json"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_THAT(call->arguments.operands, ElementsAre("lobby", "--json"));
  EXPECT_FALSE(call->arguments.json);
}

TEST(ArgumentsTest, SecondsMayHaveAFraction) {
  const auto call = Parse({"listen", "--seconds", "0.25"});
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->arguments.listen_ms, 250);
}

TEST(ArgumentsTest, WrongCallsSayWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
      {{}, "no command"},
      {{"dance"}, "unknown command dance"},
      {{"friend"}, "unknown command friend"},
      {{"send", "lobby"}, "usage: chat send TO TEXT"},
      {{"login", "now"}, "usage: chat login"},
      {{"login", "--loud"}, "unknown option --loud"},
      {{"login", "--home"}, "--home needs a value"},
      {{"login", "--home="}, "--home: DIR is not"},
      {{"login", "--json=yes"}, "--json takes no value"},
      {{"login", "--count", "3"}, "--count does not belong"},
      {{"login", "--gateway", "1883"}, "--gateway: HOST:PORT is not \"1883\""},
      {{"listen", "--seconds", "-1"}, "--seconds: S is not"},
      {{"listen", "--seconds", "nan"}, "--seconds: S is not"},
      {{"listen", "--count", "many"}, "--count: N is not"},
      {{"listen", "--count", "99999999999999999999"}, "--count: N is not"},
      {{"login", "--timeout", "0"}, "--timeout: S is not"},
  };
  for (const auto& [words, what] : cases) {
    const auto call = Parse(words);
    ASSERT_TRUE(absl::IsInvalidArgument(call.status())) << what;
    EXPECT_THAT(std::string(call.status().message()), HasSubstr(what));
  }
}

TEST(ArgumentsTest, EveryCommandHasAManual) {
  for (const Command& command : Commands()) {
    std::vector<std::string> words;
    const std::string name(command.name);
    const size_t blank = name.find(' ');
    words.push_back(name.substr(0, blank));
    if (blank != std::string::npos) words.push_back(name.substr(blank + 1));
    words.push_back("--help");
    const auto call = Parse(words);
    ASSERT_TRUE(call.ok()) << name;
    EXPECT_EQ(call->command, nullptr);
    EXPECT_THAT(call->text, HasSubstr("usage: chat " + name));
    EXPECT_THAT(call->text, HasSubstr(std::string(command.details)));
  }
}

TEST(ArgumentsTest, TheOverviewNamesEveryCommand) {
  const auto call = Parse({"--help"});
  ASSERT_TRUE(call.ok());
  for (const Command& command : Commands()) {
    EXPECT_THAT(call->text, HasSubstr("\n  " + std::string(command.name)));
  }
}

}  // namespace
}  // namespace chat::cli
