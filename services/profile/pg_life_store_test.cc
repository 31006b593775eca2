#include "services/profile/pg_life_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "libs/courier/secret_code.h"
#include "libs/pg/test_database.h"
#include "services/profile/migrations.h"
#include "services/profile/pg_profile_store.h"

namespace chat::profile {
namespace {

class PgLifeStoreTest : public testing::Test {
 protected:
  AccountId Join(const std::string& phone) {
    return profiles_.Ensure(pg::Soon(), phone).value().id;
  }

  pg::TestDatabase database_{"profile", kMigrations};
  pg::Outbox outbox_{
      database_.pool(), "profile",
      [](pg::Deadline, const std::vector<pg::OutboxRow>&) { return absl::OkStatus(); }};
  PgProfileStore profiles_{database_.pool(), outbox_};
  PgLifeStore store_{database_.pool(), {.seconds = 900, .wrong_tries = 5}};
};

TEST_F(PgLifeStoreTest, ARemovalThatNobodyCarriesOnIsClaimedByOne) {
  for (int i = 0; i < 5; ++i) {
    const AccountId id = Join("38067000123" + std::to_string(i));
    ASSERT_TRUE(store_.BeginRemoval(pg::Soon(), id).value());
  }
  EXPECT_TRUE(store_.ClaimRemovals(pg::Soon()).value().empty());
  database_.Exec("UPDATE profile.account SET removing = now() - interval '11 seconds'");
  std::atomic<size_t> claimed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { claimed += store_.ClaimRemovals(pg::Soon()).value().size(); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(claimed, 5u);
}

TEST_F(PgLifeStoreTest, OnlyWhatIsBeingRemovedIsDeleted) {
  const AccountId id = Join("380670001234");
  ASSERT_TRUE(store_.Removed(pg::Soon(), id).ok());
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.account"), "1");
  EXPECT_EQ(store_.BeginRemoval(pg::Soon(), id).value()->phone, "380670001234");
  EXPECT_FALSE(profiles_.Find(pg::Soon(), id).value());
  EXPECT_TRUE(profiles_.Ensure(pg::Soon(), "380670001234").value().removing);
  EXPECT_FALSE(store_.PutMove(pg::Soon(), id, "4917000001", courier::HashedCode("1")).value());
  ASSERT_TRUE(store_.Removed(pg::Soon(), id).ok());
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.account"), "0");
  EXPECT_FALSE(store_.BeginRemoval(pg::Soon(), id).value());
}

TEST_F(PgLifeStoreTest, TwoWhoMoveToOnePhoneAtOnceDoNotShareIt) {
  const std::string code = courier::HashedCode("123456");
  std::vector<AccountId> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(Join("38067000123" + std::to_string(i)));
    ASSERT_TRUE(store_.PutMove(pg::Soon(), ids.back(), "4917000001", code).value());
  }
  std::atomic<int> moved = 0, taken = 0;
  std::vector<std::thread> threads;
  for (AccountId id : ids) {
    threads.emplace_back([&, id] {
      const MoveVerdict verdict = store_.Move(pg::Soon(), id, "4917000001", "123456").value();
      moved += verdict == MoveVerdict::kMoved;
      taken += verdict == MoveVerdict::kTaken;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(moved, 1);
  EXPECT_EQ(taken, 3);
}

TEST_F(PgLifeStoreTest, ARenameIsSettledOnlyByThePhoneThatTheAccountHas) {
  const AccountId id = Join("380670001234");
  const std::string code = courier::HashedCode("123456");
  ASSERT_TRUE(store_.PutMove(pg::Soon(), id, "4917000001", code).value());
  ASSERT_EQ(store_.Move(pg::Soon(), id, "4917000001", "123456").value(), MoveVerdict::kMoved);
  ASSERT_TRUE(store_.PutMove(pg::Soon(), id, "4917000002", code).value());
  ASSERT_EQ(store_.Move(pg::Soon(), id, "4917000002", "123456").value(), MoveVerdict::kMoved);
  ASSERT_TRUE(store_.Renamed(pg::Soon(), id, "4917000001").ok());
  database_.Exec("UPDATE profile.rename SET begun = now() - interval '11 seconds'");
  const std::vector<Unsettled> claimed = store_.ClaimRenames(pg::Soon()).value();
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].phone, "4917000002");
  ASSERT_TRUE(store_.Renamed(pg::Soon(), id, "4917000002").ok());
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.rename"), "0");
}

}  // namespace
}  // namespace chat::profile
