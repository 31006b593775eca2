#include "services/gateway/open/retained_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace chat::gateway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RetainedFlowTest : public testing::Test, public RetainedFlow::Host {
 protected:
  void AskRetained(const std::string& filter, const std::string& after) override {
    asked_.push_back(filter + ">" + after);
  }
  bool SendRetained(const v1::OpenMessage& message, const OpenSubscription&) override {
    if (room_ == 0) return false;
    --room_;
    sent_.push_back(message.topic());
    return true;
  }
  static v1::OpenRetainedReply Page(const std::vector<std::string>& topics,
                                    const std::string& after = "") {
    v1::OpenRetainedReply page;
    for (const std::string& topic : topics) page.add_messages()->set_topic(topic);
    page.set_more(!after.empty());
    page.set_after(after);
    return page;
  }

  std::vector<std::string> asked_, sent_;
  int room_ = 1000;
  RetainedFlow flow_{*this};
};

TEST_F(RetainedFlowTest, PagesFollowOneAnotherAndThenTheNextFilter) {
  flow_.Add("a/#", {});
  flow_.Add("b", {});
  flow_.OnPage(Page({"a/1", "a/2"}, "a/3"));
  flow_.OnPage(Page({"a/4"}));
  EXPECT_FALSE(flow_.idle());
  flow_.OnPage(Page({}));
  EXPECT_THAT(asked_, ElementsAre("a/#>", "a/#>a/3", "b>"));
  EXPECT_THAT(sent_, ElementsAre("a/1", "a/2", "a/4"));
  EXPECT_TRUE(flow_.idle());
}

TEST_F(RetainedFlowTest, ThePageWaitsUntilThereIsRoom) {
  room_ = 1;
  flow_.Add("a/#", {});
  flow_.OnPage(Page({"a/1", "a/2", "a/3"}));
  flow_.OnRoom();
  room_ = 1;
  flow_.OnRoom();
  EXPECT_THAT(sent_, ElementsAre("a/1", "a/2"));
  room_ = 1;
  flow_.OnRoom();
  EXPECT_THAT(sent_, ElementsAre("a/1", "a/2", "a/3"));
  EXPECT_THAT(asked_, ElementsAre("a/#>"));
  EXPECT_TRUE(flow_.idle());
}

TEST_F(RetainedFlowTest, WhatWasRetainedSinceTheSubscriptionIsLeftToTheLog) {
  // MQTT-3.3.1-9
  v1::OpenRetainedReply page = Page({"a/1", "a/2", "a/3"});
  page.mutable_messages(0)->set_position(7);
  page.mutable_messages(1)->set_position(8);
  page.mutable_messages(2)->set_position(3);
  flow_.Add("a/#", {.from = 7});
  flow_.OnPage(page);
  EXPECT_THAT(sent_, ElementsAre("a/1", "a/3"));
  EXPECT_TRUE(flow_.idle());
}

TEST_F(RetainedFlowTest, AStoredSessionGoesOnAfterTheLastOneThatItSent) {
  room_ = 1;
  flow_.Add("a/#", {});
  flow_.Add("b", {});
  flow_.OnPage(Page({"a/1", "a/2"}));
  OpenSession::Host* no_host = nullptr;
  OpenSession session(*no_host, "c");
  session.Subscribe("a/#", {});
  session.Subscribe("b", {});
  session.Subscribe("got", {});
  v1::SessionState state;
  session.Save({}, &state);
  flow_.Save(&state);
  RetainedFlow next(*this);
  next.Load(state, session);
  asked_.clear();
  next.Retry();
  next.OnPage(Page({}));
  EXPECT_THAT(asked_, ElementsAre("a/#>a/1", "b>"));
  next.OnPage(Page({}));
  EXPECT_TRUE(next.idle());
}

TEST_F(RetainedFlowTest, AnUnsubscribedFilterMakesWayForTheNextOne) {
  room_ = 0;
  flow_.Add("a/#", {});
  flow_.Add("b", {});
  flow_.OnPage(Page({"a/1"}));
  flow_.Remove("a/#");
  EXPECT_THAT(asked_, ElementsAre("a/#>", "b>"));
}

TEST_F(RetainedFlowTest, AFailedPageIsAskedForAgain) {
  flow_.Add("a/#", {});
  flow_.OnPageFailed();
  flow_.Add("b", {});
  EXPECT_THAT(asked_, ElementsAre("a/#>"));
  flow_.Retry();
  flow_.Retry();
  EXPECT_THAT(asked_, ElementsAre("a/#>", "a/#>"));
}

TEST_F(RetainedFlowTest, NothingComesOfAFilterThatWasUnsubscribed) {
  flow_.Add("a/#", {});
  flow_.Add("b", {});
  flow_.Remove("a/#");
  flow_.OnPage(Page({"a/1"}));
  EXPECT_THAT(sent_, IsEmpty());
  flow_.OnPage(Page({"b"}));
  EXPECT_THAT(asked_, ElementsAre("a/#>", "b>"));
  EXPECT_THAT(sent_, ElementsAre("b"));
  flow_.Add("c", {});
  flow_.Remove("c");
  flow_.OnPage(Page({"c"}));
  EXPECT_TRUE(flow_.idle());
  flow_.Add("d", {});
  EXPECT_EQ(asked_.back(), "d>");
}

TEST_F(RetainedFlowTest, ARepeatedSubscriptionBeginsAnew) {
  flow_.Add("a/#", {});
  flow_.OnPage(Page({"a/1"}, "a/1"));
  flow_.Add("a/#", {});
  flow_.OnPage(Page({"a/2"}));
  EXPECT_EQ(asked_.back(), "a/#>");
  flow_.OnPage(Page({"a/1", "a/2"}));
  EXPECT_THAT(sent_, ElementsAre("a/1", "a/1", "a/2"));
}

}  // namespace
}  // namespace chat::gateway
