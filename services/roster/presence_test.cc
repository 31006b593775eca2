#include "services/roster/presence.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

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

// Redis with a clock that is moved by hand; keys of its own account ids.
class LeasesTest : public testing::Test {
 protected:
  LeasesTest() {
    const char* address = std::getenv("CHAT_TEST_REDIS");
    if (address == nullptr) {
      ADD_FAILURE() << "CHAT_TEST_REDIS is not set";
      std::exit(1);
    }
    client_ = std::make_unique<redis::Client>(address, 2, std::chrono::seconds(5));
    presence_ = std::make_unique<RedisPresence>(*client_, clock_);
    Run({"DEL", "online"});
  }
  ~LeasesTest() override { Run({"DEL", "online"}); }

  void Run(std::vector<std::string> command) {
    const auto answers = client_->Run({std::move(command)});
    ASSERT_TRUE(answers.ok()) << answers.status();
  }
  // Of this test: leases of an earlier one may still stand.
  AccountId Account(int n) const { return {base_ + n}; }
  void Lease(AccountId account, const std::string& gateway, int64_t ms) {
    const std::string key = "online:" + std::to_string(account.value);
    Run({"ZADD", key, std::to_string(clock_.UnixMs() + ms), gateway});
    Run({"EXPIRE", key, "60"});
    Listed(account, ms);
  }
  void Listed(AccountId account, int64_t ms) {
    Run({"ZADD", "online", std::to_string(clock_.UnixMs() + ms), std::to_string(account.value)});
  }

  static inline int64_t tests_ = 0;
  const int64_t base_ = static_cast<int64_t>(getpid()) * 1'000'000 + 10'000 * ++tests_;
  FakeClock clock_;
  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<RedisPresence> presence_;
};

TEST_F(LeasesTest, EachGatewayIsNamedWithWhoseLeasesItHolds) {
  Lease(Account(1), "gateway one", 10);
  Lease(Account(1), "gateway-2", 10);
  Lease(Account(2), "gateway-2", 10);
  Lease(Account(3), "gateway-2", 0);
  const AccountId accounts[] = {Account(1), Account(2), Account(3), Account(4)};
  EXPECT_EQ(presence_->Holders(accounts),
            (Presence::ByGateway{{"gateway one", {Account(1)}},
                                 {"gateway-2", {Account(1), Account(2)}}}));
  EXPECT_TRUE(presence_->Holders({}).empty());
}

TEST_F(LeasesTest, AThousandAccountsAreAskedInParts) {
  std::vector<AccountId> accounts;
  for (int i = 0; i < 1234; ++i) accounts.push_back(Account(i));
  Lease(accounts[499], "gateway-1", 10);
  Lease(accounts[500], "gateway-1", 10);
  Lease(accounts[1233], "gateway-1", 10);
  EXPECT_EQ(presence_->Holders(accounts),
            (Presence::ByGateway{{"gateway-1", {accounts[499], accounts[500], accounts[1233]}}}));
}

TEST_F(LeasesTest, AnEndedAccountIsGivenOutOnce) {
  Lease(Account(1), "gateway-1", 10);
  Lease(Account(2), "gateway-1", 20);
  EXPECT_TRUE(presence_->TakeEnded(10).empty());
  clock_.Advance(15);
  EXPECT_EQ(presence_->TakeEnded(10), (std::vector<AccountId>{Account(1)}));
  EXPECT_TRUE(presence_->TakeEnded(10).empty());
  clock_.Advance(15);
  EXPECT_EQ(presence_->TakeEnded(10), (std::vector<AccountId>{Account(2)}));
}

TEST_F(LeasesTest, WhoIsStillHeldElsewhereIsLookedAtAgain) {
  Lease(Account(1), "gateway-2", 5000);
  Listed(Account(1), 10);  // its last connection at gateway-1 is gone
  clock_.Advance(20);
  EXPECT_TRUE(presence_->TakeEnded(10).empty());
  clock_.Advance(1001);
  EXPECT_TRUE(presence_->TakeEnded(10).empty()) << "gateway-2 holds it";
  Run({"ZREM", "online:" + std::to_string(Account(1).value), "gateway-2"});
  clock_.Advance(1001);
  EXPECT_EQ(presence_->TakeEnded(10), (std::vector<AccountId>{Account(1)}));
}

TEST_F(LeasesTest, APageIsBounded) {
  for (int i = 0; i < 5; ++i) Lease(Account(i), "gateway-1", 1);
  clock_.Advance(2);
  EXPECT_EQ(presence_->TakeEnded(3).size(), 3u);
  EXPECT_EQ(presence_->TakeEnded(3).size(), 2u);
}

}  // namespace
}  // namespace chat::roster
