#include "services/roster/pg_directory.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::_;
using testing::ElementsAre;
using testing::IsEmpty;

class PgDirectoryTest : public RosterFixture {
 protected:
  // Phone ids that `who` finds, in order.
  std::vector<std::string> Find(const Person& who, SearchBy by,
                                const std::vector<std::string>& values) {
    const auto found = directory_->Find(Soon(), who.account, who.roster,
                                        {by, values, static_cast<int64_t>(values.size())});
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> ids;
    for (const FoundRow& row : *found) ids.push_back(row.roster.phone_id().text());
    return ids;
  }
  SearchCount Count(const Person& who, int64_t values, SearchLimits limits) {
    const auto count = directory_->Count(Soon(), who.account, values, limits);
    EXPECT_TRUE(count.ok()) << count.status();
    return *count;
  }
  pqxx::result Sql(const std::string& sql) {
    pqxx::result rows;
    const pg::Statement statement{sql.c_str(), sql.c_str()};
    const absl::Status status = pool_->Run(Soon(), [&](pg::Tx& tx) -> absl::Status {
      rows = tx.Exec(statement);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return rows;
  }
  void Rename(const Person& who, const std::string& names, const std::string& surnames) {
    RosterPatch patch;
    patch.names = names;
    patch.surnames = surnames;
    EXPECT_TRUE(store_
                    ->Write(Soon(), who.account, who.roster, patch,
                            [](const RosterRow&) { return std::vector<v1::Change>(); })
                    .ok());
  }
};

TEST_F(PgDirectoryTest, APhoneFindsAllItsRostersInOrder) {
  const Person ann = Join("Ann"), bob = Join("Bob"), cid = Join("Cid");
  const std::string second = Sql("INSERT INTO roster.roster (account_id, update_ms) VALUES (" +
                                 std::to_string(bob.account.value) + ", 1) RETURNING id")[0][0]
                                 .as<std::string>();
  EXPECT_THAT(Find(ann, SearchBy::kPhone, {cid.phone, bob.phone, "380000000000"}),
              ElementsAre(bob.phone_id, cid.phone_id, bob.phone + "_" + second));
}

TEST_F(PgDirectoryTest, NoOwnRosterIsFoundNorOneThatHasBannedTheSearchingOne) {
  const Person ann = Join("Ann"), bob = Join("Bob"), cid = Join("Cid");
  Sql("INSERT INTO roster.roster (account_id, update_ms) VALUES (" +
      std::to_string(ann.account.value) + ", 1)");
  const std::vector<std::string> phones = {ann.phone, bob.phone, cid.phone};
  EXPECT_THAT(Find(ann, SearchBy::kPhone, phones), ElementsAre(bob.phone_id, cid.phone_id));
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kBan, bob, ann), absl::OkStatus());
  EXPECT_THAT(Find(ann, SearchBy::kPhone, phones), ElementsAre(cid.phone_id));
  EXPECT_THAT(Find(bob, SearchBy::kPhone, phones), ElementsAre(ann.phone_id, cid.phone_id, _));
}

TEST_F(PgDirectoryTest, NamesAreFoundWithoutCaseWholeOrByTheirBeginning) {
  const Person ann = Join("Ann"), bob = Join("Bob"), cid = Join("Cid"), dan = Join("Dan");
  Rename(bob, "Їжак Straße", "O'Neil \"x\\");
  Rename(cid, "їЖАК STRASSE", "o'neil \"X\\ younger");
  Rename(dan, "Їжачок", "Σίσυφος");
  EXPECT_THAT(Find(ann, SearchBy::kNames, {"ЇЖАК straße"}),
              ElementsAre(bob.phone_id, cid.phone_id));
  EXPECT_THAT(Find(ann, SearchBy::kNames, {"Їжак"}), IsEmpty());
  EXPECT_THAT(Find(ann, SearchBy::kNamesPrefix, {"їжа"}),
              ElementsAre(bob.phone_id, cid.phone_id, dan.phone_id));
  EXPECT_THAT(Find(ann, SearchBy::kNamesPrefix, {"ЇЖАК"}), ElementsAre(bob.phone_id, cid.phone_id));
  EXPECT_THAT(Find(ann, SearchBy::kSurnames, {"O'NEIL \"X\\", "σίσυφοσ"}),
              ElementsAre(bob.phone_id, dan.phone_id));
  EXPECT_THAT(Find(ann, SearchBy::kSurnamesPrefix, {"o'n", "O'NEIL", "Σίσυφος"}),
              ElementsAre(bob.phone_id, cid.phone_id, dan.phone_id));
}

TEST_F(PgDirectoryTest, WhatAPatternWouldMeanIsOrdinaryText) {
  const Person ann = Join("Ann"), bob = Join("Bob"), cid = Join("Cid");
  Rename(bob, "100%_{off}", "");
  Rename(cid, "100 of them", "");
  EXPECT_THAT(Find(ann, SearchBy::kNamesPrefix, {"100%_{"}), ElementsAre(bob.phone_id));
  EXPECT_THAT(Find(ann, SearchBy::kNamesPrefix, {"%%%", "___", "1_0"}), IsEmpty());
  EXPECT_THAT(Find(ann, SearchBy::kNames, {"NULL", "{}", ","}), IsEmpty());
}

TEST_F(PgDirectoryTest, ANameThatWasWrittenWithoutThisVersionIsFound) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Sql("UPDATE roster.roster SET names = 'Written Elsewhere' WHERE id = " +
      std::to_string(bob.roster.value));
  EXPECT_THAT(Find(ann, SearchBy::kNames, {"written elsewhere"}), ElementsAre(bob.phone_id));
}

TEST_F(PgDirectoryTest, AHundredAreFoundAtMost) {
  const Person ann = Join("Ann");
  Sql("INSERT INTO roster.roster (account_id, names, surnames, update_ms) SELECT " +
      std::to_string(Join("Bob").account.value) +
      ", 'Crowd', 'Number ' || n, 1 FROM generate_series(1, 250) n");
  EXPECT_EQ(Find(ann, SearchBy::kNames, {"crowd"}).size(), 100u);
  EXPECT_EQ(Find(ann, SearchBy::kNamesPrefix, {"cro", "crow"}).size(), 100u);
  EXPECT_EQ(Find(ann, SearchBy::kSurnamesPrefix, {"number 1", "number 2"}).size(), 100u);
  EXPECT_EQ(Find(ann, SearchBy::kSurnamesPrefix, {"number 24"}).size(), 11u);
}

TEST_F(PgDirectoryTest, NobodyIsFoundByEmail) {
  const Person ann = Join("Ann");
  Join("Bob");
  EXPECT_THAT(Find(ann, SearchBy::kVerifiedEmail, {"Bob@example.org"}), IsEmpty());
}

TEST_F(PgDirectoryTest, RequestsAndValuesAreCountedWithinADay) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const SearchLimits limits{3, 10};
  EXPECT_EQ(Count(ann, 4, limits), SearchCount::kWithin);
  EXPECT_EQ(Count(ann, 7, limits), SearchCount::kTooManyValues);
  EXPECT_EQ(Count(ann, 6, limits), SearchCount::kWithin) << "what is refused is not counted";
  EXPECT_EQ(Count(ann, 1, limits), SearchCount::kTooManyValues);
  EXPECT_EQ(Count(ann, 0, limits), SearchCount::kWithin);
  EXPECT_EQ(Count(ann, 0, limits), SearchCount::kTooManyRequests);
  EXPECT_EQ(Count(bob, 10, limits), SearchCount::kWithin) << "each phone has its own count";
  EXPECT_EQ(Count(ann, 1000, {0, 0}), SearchCount::kWithin);
  EXPECT_EQ(Count(ann, 1, {0, 1011}), SearchCount::kWithin);
  EXPECT_EQ(Count(ann, 1, {0, 1011}), SearchCount::kTooManyValues);
  Sql("UPDATE roster.account SET searches_day = searches_day - 1 WHERE id = " +
      std::to_string(ann.account.value));
  EXPECT_EQ(Count(ann, 10, limits), SearchCount::kWithin);
  EXPECT_EQ(Count(bob, 11, {0, 10}), SearchCount::kTooManyValues);
}

}  // namespace
}  // namespace chat::roster
