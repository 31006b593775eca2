#include "libs/redis/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "libs/redis/test_redis.h"

namespace chat::redis {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::ElementsAre;
using ::testing::Optional;

class ClientTest : public RedisTest {};

TEST_F(ClientTest, AnswersOfEveryKindComeInOrder) {
  Client client(address(), 2, 5s);
  std::string key = Unique("key");
  std::string bytes("\0\r\n\xff", 4);
  auto answers = client.Run({{"SET", key, bytes, "PX", "60000"},
                             {"GET", key},
                             {"GET", Unique("none")},
                             {"DEL", key},
                             {"PING"}});
  ASSERT_TRUE(answers.ok()) << answers.status();
  EXPECT_THAT(*answers, ElementsAre(Optional(std::string("OK")), Optional(bytes), std::nullopt,
                                    Optional(std::string("1")), Optional(std::string("PONG"))));
}

TEST_F(ClientTest, AnArrayOrAnErrorIsInternalAndTheConnectionStaysInStep) {
  Client client(address(), 1, 5s);
  EXPECT_EQ(client.Run({{"MGET", "a", "b"}, {"PING"}}).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(client.Run({{"NONSENSE"}, {"PING"}}).status().code(), absl::StatusCode::kInternal);
  auto answers = client.Run({{"ECHO", "x"}});
  ASSERT_TRUE(answers.ok());
  EXPECT_THAT(*answers, ElementsAre(Optional(std::string("x"))));
}

TEST_F(ClientTest, ManyThreadsShareTheConnections) {
  Client client(address(), 2, 5s);
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) {
        std::string text = std::to_string(t) + ":" + std::to_string(i);
        auto answers = client.Run({{"ECHO", text}});
        ASSERT_TRUE(answers.ok()) << answers.status();
        EXPECT_THAT(*answers, ElementsAre(Optional(text)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(PrivateClientTest, ARestartedServerIsFoundAgain) {
  PrivateRedis redis;
  Client client(redis.address(), 1, 2s);
  ASSERT_TRUE(client.Run({{"PING"}}).ok());
  redis.Kill();
  EXPECT_EQ(client.Run({{"PING"}}).status().code(), absl::StatusCode::kUnavailable);
  redis.Start();
  auto patience = steady_clock::now() + 10s;
  bool ok = false;
  while (!ok && steady_clock::now() < patience) ok = client.Run({{"PING"}}).ok();
  EXPECT_TRUE(ok);
}

TEST(PrivateClientTest, AServerThatHangsCostsOneTimeout) {
  PrivateRedis redis;
  Client client(redis.address(), 1, 250ms);
  ASSERT_TRUE(client.Run({{"PING"}}).ok());
  redis.Pause();
  auto begin = steady_clock::now();
  EXPECT_EQ(client.Run({{"PING"}}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(steady_clock::now() - begin, 1s);
  redis.Resume();
}

}  // namespace
}  // namespace chat::redis
