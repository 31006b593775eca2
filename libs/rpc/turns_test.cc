#include "libs/rpc/turns.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(TurnsTest, WithoutALimitNobodyWaits) {
  Turns turns;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(turns.Begin(steady_clock::now()));
}

TEST(TurnsTest, OneMoreThanTheLimitWaitsUntilItsDeadlineAndTheTurnIsNotLost) {
  Turns turns;
  turns.SetLimit(1);
  ASSERT_TRUE(turns.Begin(steady_clock::now()));
  EXPECT_FALSE(turns.Begin(steady_clock::now() + 5ms));
  turns.End();
  EXPECT_TRUE(turns.Begin(steady_clock::now()));
}

TEST(TurnsTest, TurnsAreTakenInTheOrderOfArrival) {
  Turns turns;
  turns.SetLimit(1);
  ASSERT_TRUE(turns.Begin(steady_clock::now()));
  std::vector<int> order;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      ASSERT_TRUE(turns.Begin(steady_clock::now() + 20s));
      order.push_back(i);  // one at a time
      turns.End();
    });
    while (turns.waiting() != static_cast<size_t>(i) + 1) std::this_thread::yield();
  }
  turns.End();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(TurnsTest, ManyAtOnceNeverExceedTheLimitAndAllGetTheirTurn) {
  Turns turns;
  turns.SetLimit(3);
  std::atomic<int> running = 0, done = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 12; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        if (!turns.Begin(steady_clock::now() + 20s)) continue;
        EXPECT_LE(++running, 3);
        --running;
        turns.End();
        ++done;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 600);
}

}  // namespace
}  // namespace chat::rpc
