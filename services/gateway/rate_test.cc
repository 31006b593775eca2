#include "services/gateway/rate.h"

#include <gtest/gtest.h>

namespace chat::gateway {
namespace {

TEST(TokenBucketTest, ASecondsWorthMayComeAtOnceThenTheRate) {
  TokenBucket bucket(10);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(bucket.Take(1000));
  EXPECT_FALSE(bucket.Take(1000));
  EXPECT_EQ(bucket.WaitMs(), 101);
  EXPECT_FALSE(bucket.Take(1099));
  EXPECT_TRUE(bucket.Take(1101));
  EXPECT_FALSE(bucket.Take(1101));
}

TEST(TokenBucketTest, ZeroIsUnlimited) {
  TokenBucket bucket(0);
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(bucket.Take(1));
  EXPECT_EQ(bucket.WaitMs(), 0);
}

}  // namespace
}  // namespace chat::gateway
