#include "services/roster/pg_roster_store.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

class PgRosterStoreTest : public RosterFixture {
 protected:
  // What is stored of the pair now.
  LockedPair Read(const Person& party, const Person& counterparty) {
    LockedPair read;
    EXPECT_TRUE(store_
                    ->ChangePair(Soon(), party.roster, counterparty.roster,
                                 [&](const LockedPair& pair) {
                                   read = pair;
                                   return PairWrite();
                                 })
                    .ok());
    return read;
  }
  int64_t Count(const char* table) {
    const pg::Statement count{table, table};
    return *pool_->Get<int64_t>(Soon(), [&](pg::Tx& tx) -> absl::StatusOr<int64_t> {
      return tx.Exec(count)[0][0].as<int64_t>();
    });
  }
};

TEST_F(PgRosterStoreTest, APairIsStoredAndReadFromBothSides) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  PairWrite write;
  write.write = true;
  write.after = {{State::kFriend, true, true}, {State::kBan, false, false}, true};
  write.packet = "packet";
  write.answer = Answer::kBothAdded;
  const auto decide = [&](const LockedPair&) { return write; };
  ASSERT_TRUE(store_->ChangePair(Soon(), bob.roster, ann.roster, decide).ok());
  const LockedPair seen = Read(bob, ann);
  EXPECT_EQ(seen.stored, write.after);
  EXPECT_EQ(seen.party.names, "Bob");
  EXPECT_EQ(seen.counterparty.phone_id().text(), ann.phone_id);
  EXPECT_EQ(seen.version, 1);
  EXPECT_EQ(seen.last_packet, "packet");
  EXPECT_EQ(seen.last_answer, Answer::kBothAdded);
  EXPECT_GT(seen.party_update_ms, 1'500'000'000'000);
  EXPECT_GE(seen.now_ms, seen.party_update_ms);
  const LockedPair other = Read(ann, bob);
  EXPECT_EQ(other.stored.party, write.after.counterparty);
  EXPECT_EQ(other.stored.counterparty, write.after.party);
}

TEST_F(PgRosterStoreTest, AVerbWithoutEffectLeavesNoPairBehind) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const int64_t before = Count("SELECT count(*) FROM roster.pair");
  EXPECT_EQ(Read(ann, bob).version, 0);
  EXPECT_EQ(Count("SELECT count(*) FROM roster.pair"), before);
}

TEST_F(PgRosterStoreTest, AVersionIsNeverGivenTwiceEvenWhenBothEntriesAreGone) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRevoke, ann, bob), absl::OkStatus());
  EXPECT_EQ(Read(ann, bob).version, 3);
}

TEST_F(PgRosterStoreTest, ARosterThatIsGoneIsNotFound) {
  const Person ann = Join("Ann");
  EXPECT_TRUE(absl::IsNotFound(store_->ChangePair(Soon(), ann.roster, {999'999'999},
                                                  [](const LockedPair&) { return PairWrite(); })));
  EXPECT_FALSE(store_->Find(Soon(), {999'999'999})->has_value());
}

TEST_F(PgRosterStoreTest, WritingAForeignRosterIsNotFoundAndTellsNobody) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  RosterPatch patch;
  patch.names = "Mine";
  EXPECT_TRUE(
      absl::IsNotFound(store_->Write(Soon(), ann.account, bob.roster, patch,
                                     [](const RosterRow&) { return std::vector<v1::Change>(1); })));
  EXPECT_EQ(Count("SELECT count(*) FROM roster.outbox"), 0);
}

TEST_F(PgRosterStoreTest, UpdateTimesNeverDecrease) {
  const Person ann = Join("Ann");
  ASSERT_TRUE(pool_
                  ->Run(Soon(),
                        [&](pg::Tx& tx) -> absl::Status {
                          const pg::Statement future{
                              "future", "UPDATE roster.roster SET update_ms = 9e15 WHERE id = $1"};
                          tx.Exec(future, ann.roster.value);
                          return absl::OkStatus();
                        })
                  .ok());
  RosterPatch patch;
  patch.names = "Anna";
  ASSERT_TRUE(store_
                  ->Write(Soon(), ann.account, ann.roster, patch,
                          [](const RosterRow& row) {
                            EXPECT_EQ(row.update_ms, 9'000'000'000'000'000);
                            return std::vector<v1::Change>();
                          })
                  .ok());
}

TEST_F(PgRosterStoreTest, RequestsAreCountedAnewEachDay) {
  const Person ann = Join("Ann");
  EXPECT_TRUE(*store_->CountRequest(Soon(), ann.account, 1));
  EXPECT_FALSE(*store_->CountRequest(Soon(), ann.account, 1));
  EXPECT_TRUE(*store_->CountRequest(Soon(), ann.account, 2));
  EXPECT_TRUE(*store_->CountRequest(Soon(), ann.account, 0));
  ASSERT_TRUE(
      pool_
          ->Run(Soon(),
                [&](pg::Tx& tx) -> absl::Status {
                  const pg::Statement yesterday{
                      "yesterday",
                      "UPDATE roster.account SET requests_day = requests_day - 1 WHERE id = $1"};
                  tx.Exec(yesterday, ann.account.value);
                  return absl::OkStatus();
                })
          .ok());
  EXPECT_TRUE(*store_->CountRequest(Soon(), ann.account, 1));
}

}  // namespace
}  // namespace chat::roster
