#include "libs/redis/publisher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>

#include "libs/redis/subscriber.h"
#include "libs/redis/test_redis.h"

namespace chat::redis {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

bool PublishAndWait(Publisher& publisher, std::vector<Publication> batch) {
  auto done = std::make_shared<std::promise<bool>>();
  auto result = done->get_future();
  publisher.Publish(std::move(batch), [done](bool ok) { done->set_value(ok); });
  return result.wait_for(10s) == std::future_status::ready && result.get();
}

bool PublishUntil(Publisher& publisher, bool wanted) {
  auto patience = steady_clock::now() + 10s;
  while (steady_clock::now() < patience) {
    if (PublishAndWait(publisher, {{"c", "x"}}) == wanted) return true;
  }
  return false;
}

class PublisherTest : public RedisTest {};

TEST_F(PublisherTest, WhatIsPublishedArrivesWholeAndInOrder) {
  std::string channel = Unique("c");
  Watched<std::vector<std::string>> heard;
  Watched<bool> subscribed;
  Subscriber subscriber(
      address(),
      {.on_message =
           [&](std::string_view, std::string_view payload) {
             heard.Change([&](auto& list) { list.emplace_back(payload); });
           },
       .on_subscribed = [&](const auto&) { subscribed.Change([](bool& b) { b = true; }); },
       .on_connection = nullptr});
  subscriber.Subscribe({channel});
  ASSERT_TRUE(subscribed.Await([](bool b) { return b; }));
  Publisher publisher(address());
  constexpr int kCount = 5000;
  Watched<int> done;
  for (int i = 0; i < kCount; i += 2) {
    publisher.Publish({{channel, std::to_string(i)}, {channel, std::to_string(i + 1)}},
                      [&](bool ok) { done.Change([&](int& n) { n += ok ? 2 : 0; }); });
  }
  std::string bytes = std::string("\0\r\n", 3) + std::string(100'000, '\xff');
  EXPECT_TRUE(PublishAndWait(publisher, {{channel, bytes}}));
  EXPECT_EQ(done.Get(), kCount);
  ASSERT_TRUE(heard.Await([&](const auto& list) { return list.size() == kCount + 1; }));
  auto list = heard.Get();
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(list[static_cast<size_t>(i)], std::to_string(i));
  EXPECT_EQ(list.back(), bytes);
}

TEST_F(PublisherTest, AnEmptyBatchIsTaken) {
  Publisher publisher(address());
  EXPECT_TRUE(PublishAndWait(publisher, {}));
}

TEST_F(PublisherTest, WhatIsQueuedAtTheEndIsPublished) {
  Watched<int> done;
  {
    Publisher publisher(address());
    ASSERT_TRUE(PublishAndWait(publisher, {{"c", "x"}}));
    for (int i = 0; i < 1000; ++i) {
      publisher.Publish({{"c", "x"}}, [&](bool ok) { done.Change([&](int& n) { n += ok; }); });
    }
  }
  EXPECT_EQ(done.Get(), 1000);
}

TEST(PrivatePublisherTest, WithNobodyThereItFailsAtOnce) {
  Publisher publisher("127.0.0.1:1");
  auto begin = steady_clock::now();
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(PublishAndWait(publisher, {{"c", "x"}}));
  EXPECT_LT(steady_clock::now() - begin, 2s);
}

TEST(PrivatePublisherTest, ARestartedServerIsFoundAgain) {
  PrivateRedis redis;
  Publisher publisher(redis.address());
  ASSERT_TRUE(PublishAndWait(publisher, {{"c", "x"}}));
  redis.Kill();
  EXPECT_FALSE(PublishAndWait(publisher, {{"c", "x"}}));
  redis.Start();
  EXPECT_TRUE(PublishUntil(publisher, true));
}

TEST(PrivatePublisherTest, AServerThatHangsCountsAsAwayWithinASecond) {
  PrivateRedis redis;
  Publisher publisher(redis.address());
  ASSERT_TRUE(PublishAndWait(publisher, {{"c", "x"}}));
  redis.Pause();
  for (int i = 0; i < 3; ++i) {
    auto begin = steady_clock::now();
    EXPECT_FALSE(PublishAndWait(publisher, {{"c", "x"}}));
    EXPECT_LT(steady_clock::now() - begin, 1500ms);
  }
  redis.Resume();
  EXPECT_TRUE(PublishUntil(publisher, true));
}

TEST(PrivatePublisherTest, MoreThanTheQueueHoldsIsRefused) {
  PrivateRedis redis;
  Publisher publisher(redis.address(), 10);
  ASSERT_TRUE(PublishAndWait(publisher, {{"c", "x"}}));
  EXPECT_FALSE(PublishAndWait(publisher, std::vector<Publication>(11, {"c", "x"})));
  EXPECT_TRUE(PublishAndWait(publisher, std::vector<Publication>(10, {"c", "x"})));
}

}  // namespace
}  // namespace chat::redis
