#include "libs/base/clock.h"

#include <gtest/gtest.h>

namespace chat {
namespace {

TEST(ClockTest, TheSystemClockIsLaterThanThisTestWasWritten) {
  EXPECT_GT(Clock::System().UnixMs(), 1'700'000'000'000);
}

TEST(ClockTest, MonotonicTimeDoesNotGoBack) {
  int64_t before = Clock::System().MonotonicMs();
  EXPECT_GE(Clock::System().MonotonicMs(), before);
}

TEST(ClockTest, AFakeClockMovesOnlyWhenItIsMoved) {
  FakeClock clock;
  int64_t unix_ms = clock.UnixMs();
  int64_t monotonic_ms = clock.MonotonicMs();
  clock.Advance(1500);
  EXPECT_EQ(clock.UnixMs(), unix_ms + 1500);
  EXPECT_EQ(clock.MonotonicMs(), monotonic_ms + 1500);
}

}  // namespace
}  // namespace chat
