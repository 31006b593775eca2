#include "services/roster/presence.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>

namespace chat::roster {
namespace {

TEST(PresenceTest, WithoutRedisEverybodyIsOffline) {
  redis::Client nowhere("127.0.0.1:1");
  FakeClock clock;
  RedisPresence presence(nowhere, clock);
  const AccountId accounts[] = {{1}, {2}};
  EXPECT_EQ(presence.Online(accounts), (std::vector<bool>{false, false}));
  EXPECT_TRUE(presence.Online({}).empty());
}

TEST(PresenceTest, AnAccountIsOnlineWhileALeaseRuns) {
  const char* address = std::getenv("CHAT_TEST_REDIS");
  ASSERT_NE(address, nullptr) << "CHAT_TEST_REDIS is not set";
  redis::Client client(address, 2, std::chrono::seconds(5));
  FakeClock clock;
  RedisPresence presence(client, clock);
  const int64_t base = static_cast<int64_t>(getpid()) * 1000;
  const AccountId accounts[] = {{base + 1}, {base + 2}, {base + 3}};
  const auto add = [&](AccountId account, int64_t end) {
    const std::string key = "online:" + std::to_string(account.value);
    ASSERT_TRUE(
        client.Run({{"ZADD", key, std::to_string(end), "gateway-1"}, {"EXPIRE", key, "60"}}).ok());
  };
  add(accounts[0], clock.UnixMs() + 1);
  add(accounts[1], clock.UnixMs() - 1);
  EXPECT_EQ(presence.Online(accounts), (std::vector<bool>{true, false, false}));
  clock.Advance(2);
  EXPECT_EQ(presence.Online(accounts), (std::vector<bool>{false, false, false}));
}

}  // namespace
}  // namespace chat::roster
