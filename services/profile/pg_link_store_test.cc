#include "services/profile/pg_link_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/courier/secret_code.h"
#include "libs/pg/test_database.h"
#include "services/profile/migrations.h"
#include "services/profile/pg_profile_store.h"

namespace chat::profile {
namespace {

class PgLinkStoreTest : public testing::Test {
 protected:
  pg::TestDatabase database_{"profile", kMigrations};
  pg::Outbox outbox_{
      database_.pool(), "profile",
      [](pg::Deadline, const std::vector<pg::OutboxRow>&) { return absl::OkStatus(); }};
  PgProfileStore profiles_{database_.pool(), outbox_};
  PgLinkStore store_{database_.pool(),
                     outbox_,
                     {.rates = {.account_per_hour = 5, .target_per_hour = 0},
                      .life = {.seconds = 3600, .wrong_tries = 5},
                      .addresses = 2}};
  const AccountId id_ = profiles_.Ensure(pg::Soon(), "380670001234").value().id;
};

TEST_F(PgLinkStoreTest, ManyAtOnceStayWithinTheLimit) {
  std::atomic<int> allowed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 3; ++k) allowed += store_.CountCode(pg::Soon(), id_, "a@b.c").value();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(allowed, 5);
}

TEST_F(PgLinkStoreTest, ACodeIsUsedOnceAlsoWhenManyTryAtOnce) {
  ASSERT_TRUE(store_.Put(pg::Soon(), id_, "a@b.c", courier::HashedCode("123456")).value());
  std::atomic<int> verified = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back(
        [&] { verified += store_.Verify(pg::Soon(), id_, "a@b.c", "123456").value(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(verified, 1);
}

TEST_F(PgLinkStoreTest, ALinkAndItsVerificationAtOnceDoNotBlockEachOther) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        EXPECT_TRUE(store_.Put(pg::Soon(), id_, "a@b.c", courier::HashedCode("123456")).value());
        EXPECT_TRUE(store_.Verify(pg::Soon(), id_, "a@b.c", "123456").ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(PgLinkStoreTest, WithoutAnAccountNothingIsStored) {
  const AccountId nobody{id_.value + 1};
  EXPECT_FALSE(store_.Put(pg::Soon(), nobody, "a@b.c", courier::HashedCode("1")).value());
  EXPECT_FALSE(store_.Verify(pg::Soon(), nobody, "a@b.c", "1").value());
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.link"), "0");
}

}  // namespace
}  // namespace chat::profile
