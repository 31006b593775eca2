#include "services/gateway/router/topics.h"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

TEST(TopicsTest, EveryAcceptedFormOfARequestTopicIsARequest) {
  struct {
    const char* topic;
    const char* module;
  } const table[] = {
      {"events/1//api/anon//", "api"},
      {"events/1/3/api/anon/emqttd_x/TOKEN", "api"},
      {"events/1/2/api/anon/emqttd_x", "api"},
      {"events/1//api//", "api"},
      {"events/1//api", "api"},
      {"events/1//login/", "login"},
      {"events/1/nonsense//anon//", ""},
  };
  for (const auto& row : table) {
    const ClientTopic topic = ParseClientTopic(row.topic);
    EXPECT_EQ(topic.family, TopicFamily::kEvents) << row.topic;
    EXPECT_EQ(topic.module, row.module) << row.topic;
  }
}

TEST(TopicsTest, OtherFormsUnderEventsAreIgnoredOrOfAnotherVersion) {
  EXPECT_EQ(ParseClientTopic("events/emqttd_x").family, TopicFamily::kEventsIgnored);
  EXPECT_EQ(ParseClientTopic("events/1/2").family, TopicFamily::kEventsIgnored);
  EXPECT_EQ(ParseClientTopic("events/1//api/anon///").family, TopicFamily::kEventsIgnored);
  EXPECT_EQ(ParseClientTopic("events/2//api/anon//").family, TopicFamily::kEventsVersion);
  EXPECT_EQ(ParseClientTopic("events").family, TopicFamily::kOther);
}

TEST(TopicsTest, FamiliesAreToldByTheirFirstLevel) {
  EXPECT_EQ(ParseClientTopic("ses/380670001234").family, TopicFamily::kSes);
  EXPECT_EQ(ParseClientTopic("ses/380670001234").rest, "380670001234");
  EXPECT_EQ(ParseClientTopic("p2p/a/b").rest, "a/b");
  EXPECT_EQ(ParseClientTopic("actions/1/api/x").family, TopicFamily::kActions);
  EXPECT_EQ(ParseClientTopic("version/4").family, TopicFamily::kVersion);
  EXPECT_EQ(ParseClientTopic("weather/kyiv").family, TopicFamily::kOther);
  EXPECT_EQ(ParseClientTopic("session/x").family, TopicFamily::kOther);
}

TEST(TopicsTest, TheUserNameIsTheModuleWhereItCanBe) {
  EXPECT_EQ(ModuleOf(std::nullopt), "api");
  EXPECT_EQ(ModuleOf("login_2"), "login_2");
  EXPECT_EQ(ModuleOf("Login"), "api");
  EXPECT_EQ(ModuleOf("a/b"), "api");
  EXPECT_EQ(ModuleOf(std::string(33, 'a')), "api");
}

TEST(TopicsTest, RepliesGoToTheModuleThatAskedIfItIsTheOwnOne) {
  EXPECT_EQ(ReplyTopic("login", "login", "c"), "actions/1/login/c");
  EXPECT_EQ(ReplyTopic("api", "login", "c"), "actions/1/api/c");
  EXPECT_EQ(ReplyTopic("other", "login", "c"), "actions/1/api/c");
}

TEST(TopicsTest, ClientIdsAreBounded) {
  EXPECT_TRUE(IsValidClientId("emqttd_9F3C0A71"));
  EXPECT_FALSE(IsValidClientId(""));
  EXPECT_FALSE(IsValidClientId("a/b"));
  EXPECT_FALSE(IsValidClientId("a+"));
  EXPECT_FALSE(IsValidClientId("#"));
  EXPECT_FALSE(IsValidClientId(std::string("a\0b", 3)));
  EXPECT_TRUE(IsValidClientId(std::string(1024, 'x')));
  EXPECT_FALSE(IsValidClientId(std::string(1025, 'x')));
}

TEST(TopicsTest, LengthAndDepthHaveBounds) {
  EXPECT_TRUE(IsWithin("a/b/c", 5, 3));
  EXPECT_FALSE(IsWithin("a/b/cd", 5, 3));
  EXPECT_FALSE(IsWithin("a/b//", 5, 3));
  EXPECT_TRUE(IsWithin("", 5, 1));
}

}  // namespace
}  // namespace chat::gateway
