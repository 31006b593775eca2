#include "services/gateway/session/session_ends.h"

#include <gtest/gtest.h>

#include <vector>

namespace chat::gateway {
namespace {

class SessionEndsTest : public testing::Test {
 protected:
  static v1::CloseSessionRequest End(int64_t session, int64_t epoch, int64_t position = 0) {
    v1::CloseSessionRequest request;
    request.set_session_id(session);
    request.set_epoch(epoch);
    request.mutable_cursor()->set_position(position);
    request.mutable_state()->set_next_packet_id(7);
    return request;
  }
  void Answer(size_t which, const absl::Status& status) { sent_[which].second(status); }

  std::vector<std::pair<v1::CloseSessionRequest, std::function<void(absl::Status)>>> sent_;
  SessionEnds ends_{[this](v1::CloseSessionRequest request, auto done) {
    sent_.emplace_back(std::move(request), std::move(done));
  }};
};

TEST_F(SessionEndsTest, AnAnswerMayMeanThatTheNextConnectionWasFaster) {
  ends_.Close(End(1, 3, 40));
  EXPECT_EQ(ends_.size(), 1u);
  Answer(0, absl::OkStatus());
  EXPECT_EQ(ends_.size(), 0u);
  ends_.Retry();
  EXPECT_EQ(sent_.size(), 1u);
  const auto left = ends_.Take(1, 4);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->cursor().position(), 40);
}

TEST_F(SessionEndsTest, WhatFailedIsSentAgainOnceAtATime) {
  ends_.Close(End(1, 3));
  ends_.Retry();
  EXPECT_EQ(sent_.size(), 1u) << "is under way";
  Answer(0, absl::UnavailableError("away"));
  ends_.Retry();
  ends_.Retry();
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].first.epoch(), 3);
  Answer(1, absl::OkStatus());
  EXPECT_EQ(ends_.size(), 0u);
}

TEST_F(SessionEndsTest, TheNextConnectionHasWhatIsNotStoredYetAndNobodyElse) {
  ends_.Close(End(1, 3, 40));
  EXPECT_FALSE(ends_.Take(2, 9));
  EXPECT_FALSE(ends_.Take(1, 3)) << "its own end";
  const auto left = ends_.Take(1, 4);
  ASSERT_TRUE(left);
  EXPECT_EQ(left->cursor().position(), 40);
  EXPECT_EQ(left->state().next_packet_id(), 7u);
  EXPECT_FALSE(ends_.Take(1, 5)) << "given out once";
  Answer(0, absl::UnavailableError("away"));
  ends_.Retry();
  EXPECT_EQ(sent_.size(), 1u);
}

TEST_F(SessionEndsTest, WhatAnotherGatewayHasHadSinceIsNotGivenOut) {
  ends_.Close(End(1, 3, 40));
  Answer(0, absl::OkStatus());
  EXPECT_FALSE(ends_.Take(1, 5)) << "epoch 4 was elsewhere and left something newer";
  EXPECT_TRUE(ends_.Take(1, 4));
}

TEST_F(SessionEndsTest, AnAnswerToAnEarlierEpochSaysNothingOfTheNextOne) {
  ends_.Close(End(1, 3));
  ends_.Take(1, 4);
  ends_.Close(End(1, 4));
  Answer(0, absl::OkStatus());
  EXPECT_EQ(ends_.size(), 1u);
  Answer(1, absl::OkStatus());
  EXPECT_EQ(ends_.size(), 0u);
}

TEST_F(SessionEndsTest, TheNextConnectionLearnsThatTheSessionIsOver) {
  v1::CloseSessionRequest end = End(1, 3);
  end.set_remove(true);
  ends_.Close(std::move(end));
  Answer(0, absl::OkStatus());  // perhaps of a later epoch: nothing was removed
  const auto left = ends_.Take(1, 4);
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->remove());
}

}  // namespace
}  // namespace chat::gateway
