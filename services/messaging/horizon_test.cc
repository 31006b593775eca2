#include "services/messaging/horizon.h"

#include <gtest/gtest.h>

namespace chat::messaging {
namespace {

TEST(HorizonRuleTest, AMarkIsStableOnceAllOlderTransactionsHaveEnded) {
  HorizonRule rule;
  rule.AddMark({10, 100});
  rule.AddView({99, 0});
  EXPECT_FALSE(rule.known());
  EXPECT_FALSE(rule.WantsMark());
  rule.AddView({100, 0});
  EXPECT_TRUE(rule.known());
  EXPECT_EQ(rule.stable(), 10);
  EXPECT_EQ(rule.published(), 10);
  EXPECT_TRUE(rule.WantsMark());
}

TEST(HorizonRuleTest, WhatRedisHasNotTakenHoldsThePublishedHorizonBack) {
  HorizonRule rule;
  rule.AddMark({10, 100});
  rule.AddView({100, 7});
  EXPECT_EQ(rule.stable(), 10);
  EXPECT_EQ(rule.published(), 6);
  rule.AddView({100, 12});
  EXPECT_EQ(rule.published(), 10);
}

TEST(HorizonRuleTest, ItNeverMovesBack) {
  HorizonRule rule;
  rule.AddMark({10, 100});
  rule.AddView({100, 0});
  rule.AddMark({9, 101});
  rule.AddView({101, 3});
  EXPECT_EQ(rule.stable(), 10);
  EXPECT_EQ(rule.published(), 10);
}

TEST(HorizonRuleTest, AMarkWithoutTransactionIsNone) {
  HorizonRule rule;
  rule.AddMark({10, std::nullopt});
  EXPECT_TRUE(rule.WantsMark());
}

class FakeStore : public AnnouncementStore {
 public:
  absl::Status DeletePublished(pg::Deadline, const std::vector<int64_t>&) override { return {}; }
  absl::StatusOr<std::vector<Announcement>> ClaimOverdue(pg::Deadline, int) override {
    return std::vector<Announcement>();
  }
  absl::StatusOr<HorizonMark> Mark(pg::Deadline, int64_t above) override {
    if (position <= above) return HorizonMark{position, std::nullopt};
    return HorizonMark{position, 1};
  }
  absl::StatusOr<HorizonView> View(pg::Deadline) override { return HorizonView{2, 0}; }
  int64_t position = 5;
};

TEST(HorizonTest, AnAdvanceIsToldAtOnceAndStandingStillEachSecond) {
  FakeStore store;
  std::vector<int64_t> told;
  Horizon horizon(store, [&](std::vector<redis::Publication> batch, std::function<void(bool)>) {
    ASSERT_EQ(batch.size(), 1u);
    EXPECT_EQ(batch[0].channel, "horizon");
    v1::Horizon message;
    ASSERT_TRUE(message.ParseFromString(batch[0].payload));
    told.push_back(message.position());
  });
  EXPECT_FALSE(horizon.stable().has_value());
  horizon.Tick();
  EXPECT_EQ(told, std::vector<int64_t>({5}));
  EXPECT_EQ(horizon.stable(), 5);
  for (int i = 0; i < 4; ++i) horizon.Tick();
  EXPECT_EQ(told, std::vector<int64_t>({5, 5}));
  store.position = 8;
  horizon.Tick();
  EXPECT_EQ(told, std::vector<int64_t>({5, 5, 8}));
}

}  // namespace
}  // namespace chat::messaging
