#include "tests/load/latency.h"

#include <gtest/gtest.h>

namespace chat::load {
namespace {

TEST(LatencyTest, AnEmptyOneIsZero) {
  const Latency latency;
  EXPECT_EQ(latency.Quantile(0.5), 0);
  EXPECT_EQ(latency.max(), 0);
}

TEST(LatencyTest, QuantilesAreRightWithinOneThirtySecond) {
  Latency latency;
  for (int64_t value = 1; value <= 100'000; ++value) latency.Add(value);
  for (const double part : {0.01, 0.5, 0.9, 0.99, 0.999}) {
    const double right = part * 100'000;
    EXPECT_GE(static_cast<double>(latency.Quantile(part)), right * 0.99) << part;
    EXPECT_LE(static_cast<double>(latency.Quantile(part)), right * 1.04) << part;
  }
  EXPECT_EQ(latency.Quantile(1), 100'000);
  EXPECT_EQ(latency.max(), 100'000);
}

TEST(LatencyTest, NeitherTheSmallestNorTheGreatestValueIsTooMuch) {
  Latency latency;
  latency.Add(-5);
  EXPECT_EQ(latency.Quantile(1), 0);
  latency.Add(INT64_MAX);
  EXPECT_EQ(latency.max(), INT64_MAX);
  EXPECT_EQ(latency.Quantile(1), INT64_MAX);
  EXPECT_EQ(latency.count(), 2u);
}

}  // namespace
}  // namespace chat::load
