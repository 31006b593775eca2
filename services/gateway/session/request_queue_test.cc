#include "services/gateway/session/request_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace chat::gateway {
namespace {

using testing::ElementsAre;

class RequestQueueTest : public testing::Test {
 protected:
  using Queue = RequestQueue<std::string, std::string>;
  std::vector<std::string> log_;
  std::map<std::string, uint64_t> tickets_;
  Queue queue_{[this](std::string& r, std::string& o) { log_.push_back(r + "=" + o); },
               [this](uint64_t ticket, std::string& r) {
                 log_.push_back("start " + r);
                 tickets_[r] = ticket;
               }};
};

TEST_F(RequestQueueTest, OneAfterTheOtherWhereTheLanesDiffer) {
  queue_.Add("a", 0);
  queue_.Add("b", 0);
  EXPECT_THAT(log_, ElementsAre("start a"));
  queue_.Finish(tickets_["a"], "ok");
  EXPECT_THAT(log_, ElementsAre("start a", "a=ok", "start b"));
}

TEST_F(RequestQueueTest, OneLaneRunsTogetherAndIsAnsweredInOrder) {
  queue_.Add("a", 7);
  queue_.Add("b", 7);
  queue_.Add("c", 8);
  EXPECT_THAT(log_, ElementsAre("start a", "start b"));
  queue_.Finish(tickets_["b"], "2");
  EXPECT_THAT(log_, ElementsAre("start a", "start b"));
  queue_.Finish(tickets_["a"], "1");
  EXPECT_THAT(log_, ElementsAre("start a", "start b", "a=1", "b=2", "start c"));
}

TEST_F(RequestQueueTest, WhatNeedsNoExecutionKeepsItsPlace) {
  queue_.Add("a", 0);
  queue_.AddDone("bad", "invalid_data");
  EXPECT_THAT(log_, ElementsAre("start a"));
  queue_.Finish(tickets_["a"], "ok");
  EXPECT_THAT(log_, ElementsAre("start a", "a=ok", "bad=invalid_data"));
}

TEST_F(RequestQueueTest, ARunningRequestIsFoundByItsTicket) {
  queue_.Add("a", 0);
  queue_.Add("b", 0);
  ASSERT_NE(queue_.Running(tickets_["a"]), nullptr);
  EXPECT_EQ(*queue_.Running(tickets_["a"]), "a");
  EXPECT_EQ(queue_.Running(tickets_["a"] + 1), nullptr) << "it waits";
  queue_.Finish(tickets_["a"], "ok");
  EXPECT_EQ(queue_.Running(tickets_["a"]), nullptr);
}

TEST_F(RequestQueueTest, AnOutcomeAfterTheEndIsIgnored) {
  queue_.Add("a", 0);
  queue_.Clear();
  queue_.Finish(tickets_["a"], "ok");
  EXPECT_THAT(log_, ElementsAre("start a"));
}

}  // namespace
}  // namespace chat::gateway
