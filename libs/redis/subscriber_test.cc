#include "libs/redis/subscriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "libs/redis/client.h"
#include "libs/redis/test_redis.h"

namespace chat::redis {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

// What the callbacks have said so far.
struct Said {
  std::vector<std::string> messages;  // "channel payload"
  std::multiset<std::string> confirmed;
  std::vector<bool> connection;
};

class Listener {
 public:
  explicit Listener(const std::string& address)
      : subscriber(
            address,
            {.on_message =
                 [this](std::string_view channel, std::string_view payload) {
                   said.Change([&](Said& s) {
                     s.messages.push_back(std::string(channel) + " " + std::string(payload));
                   });
                 },
             .on_subscribed =
                 [this](const std::vector<std::string>& channels) {
                   said.Change(
                       [&](Said& s) { s.confirmed.insert(channels.begin(), channels.end()); });
                 },
             .on_connection =
                 [this](bool up) { said.Change([&](Said& s) { s.connection.push_back(up); }); }}) {}
  bool AwaitConfirmed(const std::string& channel, size_t times = 1) {
    return said.Await([&](const Said& s) { return s.confirmed.count(channel) >= times; });
  }
  bool AwaitMessage(const std::string& message) {
    return said.Await([&](const Said& s) {
      return std::find(s.messages.begin(), s.messages.end(), message) != s.messages.end();
    });
  }
  bool AwaitConnection(const std::vector<bool>& history) {
    return said.Await([&](const Said& s) { return s.connection == history; });
  }

  Watched<Said> said;
  Subscriber subscriber;
};

std::string Publish(Client& client, const std::string& channel, const std::string& payload) {
  auto answers = client.Run({{"PUBLISH", channel, payload}});
  return answers.ok() ? *(*answers)[0] : answers.status().ToString();
}

class SubscriberTest : public RedisTest {};

TEST_F(SubscriberTest, FromTheConfirmationOnNothingIsMissed) {
  Client client(address(), 1, 5s);
  Listener listener(address());
  std::string channel = Unique("c");
  listener.subscriber.Subscribe({channel});
  ASSERT_TRUE(listener.AwaitConfirmed(channel));
  EXPECT_EQ(Publish(client, channel, "one"), "1");
  EXPECT_TRUE(listener.AwaitMessage(channel + " one"));
  EXPECT_TRUE(listener.AwaitConnection({true}));
  EXPECT_TRUE(listener.subscriber.up());
}

TEST_F(SubscriberTest, SubscribingAgainConfirmsAgain) {
  Listener listener(address());
  std::string channel = Unique("c");
  listener.subscriber.Subscribe({channel});
  ASSERT_TRUE(listener.AwaitConfirmed(channel));
  listener.subscriber.Subscribe({channel});
  EXPECT_TRUE(listener.AwaitConfirmed(channel, 2));
}

TEST_F(SubscriberTest, AnUnsubscribedChannelIsSilent) {
  Client client(address(), 1, 5s);
  Listener listener(address());
  std::string gone = Unique("gone"), kept = Unique("kept");
  listener.subscriber.Subscribe({gone, kept});
  ASSERT_TRUE(listener.AwaitConfirmed(kept));
  listener.subscriber.Unsubscribe({gone});
  listener.subscriber.Subscribe({kept});  // its second confirmation comes after the UNSUBSCRIBE
  ASSERT_TRUE(listener.AwaitConfirmed(kept, 2));
  EXPECT_EQ(Publish(client, gone, "x"), "0");
}

TEST_F(SubscriberTest, ManyChannelsAreSubscribedInBatches) {
  Client client(address(), 1, 5s);
  Listener listener(address());
  std::vector<std::string> channels;
  for (int i = 0; i < 20'000; ++i) channels.push_back(Unique(std::to_string(i)));
  listener.subscriber.Subscribe(channels);
  EXPECT_TRUE(listener.said.Await([&](const Said& s) { return s.confirmed.size() == 20'000; }));
  EXPECT_EQ(Publish(client, channels[19'999], "x"), "1");
}

TEST_F(SubscriberTest, BytesAreKept) {
  Client client(address(), 1, 5s);
  Listener listener(address());
  std::string channel = Unique("c") + std::string("\0\xff\r\n", 4);
  listener.subscriber.Subscribe({channel});
  ASSERT_TRUE(listener.AwaitConfirmed(channel));
  std::string payload(1'000'000, '\0');
  Publish(client, channel, payload);
  EXPECT_TRUE(listener.AwaitMessage(channel + " " + payload));
}

TEST(PrivateSubscriberTest, SubscriptionsSurviveAKilledServerAndTheGapIsReported) {
  PrivateRedis redis;
  Client client(redis.address(), 1, 2s);
  Listener listener(redis.address());
  listener.subscriber.Subscribe({"a", "b"});
  ASSERT_TRUE(listener.AwaitConfirmed("a"));
  ASSERT_TRUE(listener.AwaitConnection({true}));
  redis.Kill();
  ASSERT_TRUE(listener.AwaitConnection({true, false}));
  EXPECT_FALSE(listener.subscriber.up());
  listener.subscriber.Subscribe({"c"});
  listener.subscriber.Unsubscribe({"b"});
  redis.Start();
  ASSERT_TRUE(listener.AwaitConnection({true, false, true}));
  EXPECT_TRUE(listener.AwaitConfirmed("a", 2));
  EXPECT_TRUE(listener.AwaitConfirmed("c"));
  auto patience = steady_clock::now() + 10s;
  std::string receivers;
  while (receivers != "1" && steady_clock::now() < patience) receivers = Publish(client, "a", "x");
  EXPECT_TRUE(listener.AwaitMessage("a x"));
  EXPECT_EQ(Publish(client, "b", "x"), "0");
  EXPECT_EQ(Publish(client, "c", "x"), "1");
}

TEST(PrivateSubscriberTest, AServerThatHangsIsNoticedAndThenFoundAgain) {
  PrivateRedis redis;
  Listener listener(redis.address());
  listener.subscriber.Subscribe({"a"});
  ASSERT_TRUE(listener.AwaitConnection({true}));
  redis.Pause();
  auto begin = steady_clock::now();
  ASSERT_TRUE(listener.AwaitConnection({true, false}));
  EXPECT_LT(steady_clock::now() - begin, 7s);
  redis.Resume();
  EXPECT_TRUE(listener.AwaitConnection({true, false, true}));
}

TEST(PrivateSubscriberTest, AnIdleConnectionStaysUp) {
  PrivateRedis redis;
  Listener listener(redis.address());
  ASSERT_TRUE(listener.AwaitConnection({true}));
  // Longer than silence is taken for death: what keeps it up is the ping.
  std::this_thread::sleep_for(6s);
  EXPECT_TRUE(listener.subscriber.up());
  EXPECT_EQ(listener.said.Get().connection.size(), 1u);
}

TEST(PrivateSubscriberTest, WithNobodyThereItIsDownAndEndsPromptly) {
  auto begin = steady_clock::now();
  {
    Listener listener("127.0.0.1:1");
    listener.subscriber.Subscribe({"a"});
    EXPECT_FALSE(listener.subscriber.up());
  }
  EXPECT_LT(steady_clock::now() - begin, 3s);
}

}  // namespace
}  // namespace chat::redis
