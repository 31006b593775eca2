#include "services/gateway/session/cursor_tracker.h"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

using Positions = std::vector<int64_t>;

TEST(CursorTrackerTest, AnEventIsPassedOnOnce) {
  CursorTracker cursor(10, {12});
  EXPECT_FALSE(cursor.Pass(9));
  EXPECT_FALSE(cursor.Pass(10));
  EXPECT_FALSE(cursor.Pass(12));
  EXPECT_TRUE(cursor.Pass(15));
  EXPECT_TRUE(cursor.Pass(11));
  EXPECT_FALSE(cursor.Pass(11));
  EXPECT_FALSE(cursor.Pass(15));
}

TEST(CursorTrackerTest, TheCursorStopsBelowWhatIsUnacknowledged) {
  CursorTracker cursor(10, {});
  ASSERT_TRUE(cursor.Pass(11));
  ASSERT_TRUE(cursor.Pass(20));
  ASSERT_TRUE(cursor.Pass(30));
  cursor.Acknowledge(20);
  cursor.Advance(25);
  EXPECT_EQ(cursor.position(), 10);
  EXPECT_EQ(cursor.above(), Positions({20}));
  cursor.Acknowledge(11);
  cursor.Advance(25);
  EXPECT_EQ(cursor.position(), 25);
  EXPECT_EQ(cursor.above(), Positions());
  cursor.Advance(50);
  EXPECT_EQ(cursor.position(), 29);
}

TEST(CursorTrackerTest, WhatIsAboveTheHorizonStaysInTheList) {
  CursorTracker cursor(10, {});
  ASSERT_TRUE(cursor.Pass(20));
  cursor.Acknowledge(20);
  cursor.Advance(15);
  EXPECT_EQ(cursor.position(), 15);
  EXPECT_EQ(cursor.above(), Positions({20}));
  cursor.Advance(20);
  EXPECT_EQ(cursor.position(), 20);
  EXPECT_EQ(cursor.size(), 0u);
}

TEST(CursorTrackerTest, ItNeverMovesBack) {
  CursorTracker cursor(10, {});
  cursor.Advance(5);
  EXPECT_EQ(cursor.position(), 10);
}

TEST(CursorTrackerTest, ARetractedEventMayBePassedOnAgain) {
  CursorTracker cursor(10, {});
  ASSERT_TRUE(cursor.Pass(11));
  cursor.Retract(11);
  EXPECT_TRUE(cursor.Pass(11));
  cursor.Acknowledge(11);
  cursor.Retract(11);
  EXPECT_FALSE(cursor.Pass(11));
}

TEST(CursorTrackerTest, OnlyAcknowledgementsNeedToBeFlushed) {
  CursorTracker cursor(10, {});
  cursor.Pass(11);
  cursor.Advance(10);
  EXPECT_FALSE(cursor.dirty());
  cursor.Acknowledge(11);
  EXPECT_TRUE(cursor.dirty());
  cursor.clean();
  cursor.Acknowledge(11);
  EXPECT_FALSE(cursor.dirty());
}

TEST(CursorTrackerTest, WhatComesWithALaterEventIsThereWithItsAcknowledgement) {
  CursorTracker cursor(10, {});
  cursor.Pass(20);
  cursor.PassWith(20, 12);
  EXPECT_TRUE(cursor.Has(12));
  cursor.Advance(15);
  EXPECT_EQ(cursor.position(), 11) << "not over 12, which a crash would bring again";
  cursor.Acknowledge(20);
  cursor.Advance(30);
  EXPECT_EQ(cursor.position(), 30);
  cursor.Pass(40);
  cursor.PassWith(40, 35);
  cursor.Retract(40);
  EXPECT_FALSE(cursor.Has(35));
  cursor.Advance(50);
  EXPECT_EQ(cursor.position(), 50);
}

}  // namespace
}  // namespace chat::gateway
