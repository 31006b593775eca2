#include "services/gateway/open/open_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/gateway/open/filter_tree.h"

namespace chat::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const OpenFilters& AllOpen() {
  static const OpenFilters open = *OpenFilters::Parse({"#"}, false);
  return open;
}

SharedOpenEvent Event(int64_t position, const std::string& topic, const std::string& payload,
                      uint32_t qos = 1, const std::string& client = "other") {
  v1::OpenMessage message;
  message.set_position(position);
  message.set_topic(topic);
  message.set_payload(payload);
  message.set_qos(qos);
  message.set_client_id(client);
  return MakeOpenEvent(message, AllOpen());
}

class OpenSessionTest : public testing::Test, public OpenSession::Host {
 protected:
  mqtt::Delivery SendOpen(const OpenEvent& event, mqtt::Qos qos, bool, mqtt::SubscriptionIds ids,
                          bool) override {
    if (full_) return mqtt::Delivery::kFull;
    std::string line(event.message->payload());
    line += " q=" + std::to_string(static_cast<int>(qos));
    if (ids != nullptr) {
      for (uint32_t id : *ids) line += " #" + std::to_string(id);
    }
    sent_.push_back(line);
    return mqtt::Delivery::kSent;
  }
  void AskLog(int64_t above) override { asked_.push_back(above); }
  void AskClaim(uint64_t, const SharedOpenEvent&, const std::string& filter) override {
    claims_.push_back(filter);
  }

  bool full_ = false;
  std::vector<std::string> sent_, claims_;
  std::vector<int64_t> asked_;
  OpenSession session_{*this, "me"};
};

TEST_F(OpenSessionTest, OneMessageForAllFiltersThatMatchAtTheHighestQos) {
  // MQTT5-3.3.4-2, MQTT5-3.3.4-4
  session_.Subscribe("a/+", {.qos = mqtt::Qos::kAtMostOnce, .id = 1});
  session_.Subscribe("a/#", {.qos = mqtt::Qos::kAtLeastOnce, .id = 2});
  session_.OnLive(Event(1, "a/b", "x", 2));
  EXPECT_THAT(sent_, ElementsAre("x q=1 #2 #1"));
}

TEST_F(OpenSessionTest, ARepeatedSubscriptionReplacesTheFirst) {
  // MQTT5-3.8.4-3
  EXPECT_TRUE(session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce}));
  EXPECT_FALSE(session_.Subscribe("a", {.qos = mqtt::Qos::kAtMostOnce}));
  session_.OnLive(Event(1, "a", "x"));
  EXPECT_THAT(sent_, ElementsAre("x q=0"));
}

TEST_F(OpenSessionTest, WhatIsOlderThanASubscriptionIsNotSentForIt) {
  session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce, .id = 1});
  session_.Subscribe("+", {.qos = mqtt::Qos::kAtMostOnce, .id = 2, .from = 1});
  session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce, .id = 3, .from = 1});
  session_.OnLive(Event(1, "a", "x"));
  session_.OnLive(Event(2, "a", "y"));
  EXPECT_THAT(sent_, ElementsAre("x q=1 #3", "y q=1 #2 #3"));
}

TEST_F(OpenSessionTest, WhatIsUnsubscribedIsNotSentAnyMore) {
  // MQTT-3.10.4-1, MQTT-3.10.4-2, MQTT5-3.10.4-1, MQTT5-3.10.4-2
  session_.Subscribe("a/+", {.qos = mqtt::Qos::kAtLeastOnce});
  EXPECT_FALSE(session_.Unsubscribe("a/b")) << "filters are compared, not matched";
  EXPECT_TRUE(session_.Unsubscribe("a/+"));
  EXPECT_FALSE(session_.Unsubscribe("a/+"));
  session_.OnLive(Event(1, "a/b", "x"));
  EXPECT_THAT(sent_, IsEmpty());
}

TEST_F(OpenSessionTest, NoLocalLeavesOutTheOwn) {
  session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce, .no_local = true});
  session_.OnLive(Event(1, "a", "mine", 1, "me"));
  session_.OnLive(Event(2, "a", "theirs"));
  EXPECT_THAT(sent_, ElementsAre("theirs q=1"));
}

TEST_F(OpenSessionTest, EachPositionPassesOnce) {
  session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce});
  session_.OnLive(Event(2, "a", "x"));
  session_.OnLive(Event(2, "a", "x"));
  session_.OnLive(Event(1, "a", "old"));
  session_.OnLive(Event(0, "a", "in no log", 0));
  EXPECT_THAT(sent_, ElementsAre("x q=1", "in no log q=0"));
}

TEST_F(OpenSessionTest, AFullSessionReadsOnFromTheLogWhenItHasRoom) {
  session_.Subscribe("a", {.qos = mqtt::Qos::kAtLeastOnce});
  session_.OnLive(Event(1, "a", "1"));
  full_ = true;
  session_.OnLive(Event(2, "a", "2"));
  session_.OnLive(Event(3, "a", "3"));
  full_ = false;
  EXPECT_THAT(asked_, IsEmpty());
  session_.OnDrained();
  EXPECT_THAT(asked_, ElementsAre(1));
  session_.OnPage({Event(2, "a", "2"), Event(3, "b", "another's")}, true, 4, 5);
  EXPECT_THAT(asked_, ElementsAre(1, 3));
  session_.OnPage({Event(4, "a", "4")}, false, 4, 5);
  EXPECT_THAT(asked_, ElementsAre(1, 3, 4)) << "the gateway has seen 5 already";
  session_.OnPage({Event(5, "a", "5")}, false, 5, 5);
  EXPECT_TRUE(session_.live());
  session_.OnLive(Event(6, "a", "6"));
  EXPECT_THAT(sent_, ElementsAre("1 q=1", "2 q=1", "4 q=1", "5 q=1", "6 q=1"));
}

TEST_F(OpenSessionTest, AStoredSessionGoesOnWhereItStood) {
  session_.Subscribe("a", {.qos = mqtt::Qos::kExactlyOnce, .no_local = true, .id = 7});
  session_.Subscribe("$share/g/b", {.qos = mqtt::Qos::kAtLeastOnce});
  session_.Advance(10);
  v1::SessionState state;
  session_.Save({kOpenToken | 8, 3, kOpenToken | 9}, &state);
  EXPECT_EQ(state.open_position(), 7) << "what waits behind the window is read again";

  OpenSession other(*this, "me");
  other.Load(state);
  EXPECT_THAT(asked_, IsEmpty());
  other.Retry();
  other.Retry();
  EXPECT_THAT(asked_, ElementsAre(7));
  other.OnPageFailed();
  other.Retry();
  EXPECT_THAT(asked_, ElementsAre(7, 7));
  other.OnPage({Event(8, "a", "x"), Event(9, "b", "y")}, false, 9, 9);
  EXPECT_THAT(sent_, ElementsAre("x q=1 #7"));
  EXPECT_THAT(claims_, ElementsAre("$share/g/b")) << "a shared one is for whoever claims it";
  EXPECT_TRUE(other.OnShared(*Event(9, "b", "y"), "$share/g/b"));
  EXPECT_FALSE(other.OnShared(*Event(9, "b", "y"), "$share/h/b"));
}

TEST(FilterTreeTest, FindsEveryFilterThatMatches) {
  FilterTree<int> tree;
  const char* filters[] = {"#", "+/b", "a/b", "a/#", "a/+/c", "$x/#", "+", "/+"};
  for (int i = 0; i < 8; ++i) tree.Add(filters[i], i);
  const auto match = [&](std::string_view topic) {
    std::vector<int> found;
    tree.Match(topic, [&](int value) { found.push_back(value); });
    return found;
  };
  EXPECT_THAT(match("a/b"), UnorderedElementsAre(0, 1, 2, 3));
  EXPECT_THAT(match("a"), UnorderedElementsAre(0, 3, 6));
  EXPECT_THAT(match("a/b/c"), UnorderedElementsAre(0, 3, 4));
  EXPECT_THAT(match("$x/y"), UnorderedElementsAre(5));
  EXPECT_THAT(match("/b"), UnorderedElementsAre(0, 1, 7));
  for (int i = 0; i < 8; ++i) tree.Remove(filters[i], i);
  EXPECT_TRUE(tree.empty());
}

}  // namespace
}  // namespace chat::gateway
