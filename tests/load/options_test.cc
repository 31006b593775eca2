#include "tests/load/options.h"

#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::load {
namespace {

std::vector<std::string> With(std::vector<std::string> more) {
  more.insert(more.begin(), {"--gateways", "127.0.0.1:1,127.0.0.1:2", "--outbox", "/o"});
  return more;
}

TEST(OptionsTest, TakeBothFormsOfAValue) {
  const auto options = ParseOptions(
      With({"--devices=4", "--qos", "0,2", "--rate", "10.5", "--mix", "message=9,edit=1"}));
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->gateways.size(), 2u);
  EXPECT_EQ(options->devices, 4u);
  EXPECT_EQ(options->traffic.qos.size(), 2u);
  EXPECT_EQ(options->traffic.rate, 10.5);
  EXPECT_EQ(options->traffic.messages, 9u);
  EXPECT_EQ(options->traffic.edits, 1u);
}

TEST(OptionsTest, SayWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
      {{"--nonsense", "1"}, "--nonsense"},
      {{"--devices"}, "--devices"},
      {{"--devices", "three"}, "three"},
      {{"--devices", "3"}, "even"},
      {{"--qos", "3", "--rate", "1"}, "--qos"},
      {{"--qos", "0"}, "--rate"},
      {{"--mix", "sugar=1"}, "sugar"},
      {{"--mix", "typing=1"}, "without messages"},
      {{"--rooms", "1", "--room-members", "50"}, "--room-members"},
      {{"--pairs", "0"}, "nobody talks"},
      {{"--pids", "x"}, "name=pid"},
      {{"--delivery-qos", "3"}, "--delivery-qos"},
      {{"--plain", "1", "--rooms", "1"}, "--plain"},
      {{"--plain", "1", "--mix", "message=9,edit=1"}, "--plain"},
  };
  for (const auto& [arguments, text] : wrong) {
    const auto options = ParseOptions(With(arguments));
    ASSERT_FALSE(options.ok()) << arguments[0];
    EXPECT_NE(Message(options.status()).find(text), std::string::npos) << options.status();
  }
}

TEST(OptionsTest, APlainBrokerNeedsNoOutboxButASubscription) {
  const auto plain = ParseOptions({"--gateways", "127.0.0.1:1", "--plain", "1"});
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->delivery_qos, mqtt::Qos::kAtLeastOnce);
  const auto cluster = ParseOptions(With({}));
  ASSERT_TRUE(cluster.ok());
  EXPECT_EQ(cluster->delivery_qos, std::nullopt);
}

TEST(OptionsTest, HelpNamesEveryOption) {
  EXPECT_TRUE(absl::IsCancelled(ParseOptions({"--help"}).status()));
  for (const char* name : {"--gateways", "--acknowledged", "--mix", "--window"}) {
    EXPECT_NE(Usage().find(name), std::string::npos);
  }
}

}  // namespace
}  // namespace chat::load
