#include "libs/redis/subscriptions.h"

#include <gtest/gtest.h>

namespace chat::redis {
namespace {

TEST(SubscriptionsTest, AChannelIsConfirmedByItsAnswer) {
  Subscriptions s;
  std::vector<Command> commands;
  s.Want({"a", "b"}, &commands);
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(commands[0].channels, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(s.Confirm("a"));
  EXPECT_FALSE(s.Confirm("a"));  // nobody has asked again
  EXPECT_TRUE(s.Confirm("b"));
}

TEST(SubscriptionsTest, WantingAgainConfirmsAgain) {
  Subscriptions s;
  std::vector<Command> commands;
  s.Want({"a"}, &commands);
  EXPECT_TRUE(s.Confirm("a"));
  s.Want({"a"}, &commands);
  EXPECT_TRUE(s.Confirm("a"));
}

TEST(SubscriptionsTest, AnAnswerThatAnUnsubscribeFollowsConfirmsNothing) {
  Subscriptions s;
  std::vector<Command> commands;
  s.Want({"a"}, &commands);
  s.Unwant({"a"}, &commands);
  s.Want({"a"}, &commands);
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_FALSE(s.Confirm("a"));
  s.ConfirmUnsubscribed("a");
  EXPECT_TRUE(s.Confirm("a"));
}

TEST(SubscriptionsTest, AnUnwantedChannelIsNotConfirmed) {
  Subscriptions s;
  std::vector<Command> commands;
  s.Want({"a"}, &commands);
  s.Unwant({"a"}, &commands);
  EXPECT_FALSE(s.Confirm("a"));
  s.ConfirmUnsubscribed("a");
  EXPECT_EQ(s.wanted(), 0u);
}

TEST(SubscriptionsTest, ARestartAsksForAllThatIsWantedInBatches) {
  Subscriptions s;
  std::vector<std::string> channels;
  for (int i = 0; i < 1201; ++i) channels.push_back(std::to_string(i));
  s.Want(channels, nullptr);
  std::vector<Command> commands = s.Restart();
  ASSERT_EQ(commands.size(), 3u);
  EXPECT_EQ(commands[0].channels.size(), 500u);
  EXPECT_EQ(commands[2].channels.size(), 201u);
  for (const std::string& channel : channels) {
    EXPECT_FALSE(s.restored());
    EXPECT_TRUE(s.Confirm(channel));
  }
  EXPECT_TRUE(s.restored());
}

TEST(SubscriptionsTest, WhatIsNoLongerWantedHoldsUpNoRestart) {
  Subscriptions s;
  s.Want({"a", "b"}, nullptr);
  s.Restart();
  std::vector<Command> commands;
  s.Unwant({"a"}, &commands);
  EXPECT_TRUE(s.Confirm("b"));
  EXPECT_TRUE(s.restored());
}

TEST(SubscriptionsTest, AnswersOfTheLastConnectionAreForgotten) {
  Subscriptions s;
  std::vector<Command> commands;
  s.Want({"a"}, &commands);
  s.Restart();
  EXPECT_TRUE(s.Confirm("a"));
  EXPECT_FALSE(s.Confirm("x"));
}

}  // namespace
}  // namespace chat::redis
