#include "services/roster/pg_directory.h"

#include <gmock/gmock.h>

#include <tuple>

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
    const absl::Status status = pool_->Run(Soon(), [&](pg::Tx& tx) -> absl::Status {
      rows = tx.work().exec(sql);
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

TEST_F(PgDirectoryTest, AnUnverifiedAddressFindsNobody) {
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

// The plans of a directory with 100,000 rosters, 1,000 of whom hide.
TEST_F(PgDirectoryTest, ALargeDirectoryIsSearchedByItsIndexes) {
  const Person ann = Join("Ann");
  // In parts: a statement has five seconds.
  for (int from = 1; from < 100'000; from += 10'000) {
    const std::string series = " FROM generate_series(" + std::to_string(from) + ", " +
                               std::to_string(from + 9'999) + ") n";
    Sql("INSERT INTO roster.account (id, phone) SELECT 10000000 + n, (1000000 + n)::text" + series);
    Sql("INSERT INTO roster.roster (account_id, names, surnames, nick, nick_folded, update_ms)"
        " SELECT 10000000 + n, 'Name ' || n, 'Surname ' || md5(n::text), 'nick_' || n,"
        " 'nick_' || n, 1" +
        series);
    Sql("INSERT INTO roster.verified_email (address, account_id)"
        " SELECT n || '@example.org', 10000000 + n" +
        series);
  }
  Sql("INSERT INTO roster.findable (account_id, version, search)"
      " SELECT 10000000 + n * 100, 1, 2 FROM generate_series(1, 1000) n");
  Sql("ANALYZE roster.account, roster.roster, roster.findable, roster.verified_email");
  pg::Pool one(DatabaseUrl(), 1);  // EXPLAIN must meet the statement that was prepared
  PgDirectory directory(one);
  const auto plan = [&](SearchBy by, const std::string& value, const std::string& statement) {
    // More often than PostgreSQL makes a plan for the values at hand.
    for (int i = 0; i < 7; ++i) {
      const auto found = directory.Find(Soon(), ann.account, ann.roster, {by, {value}, 1});
      EXPECT_TRUE(found.ok()) << found.status();
      EXPECT_FALSE(found->empty()) << statement;
    }
    const std::string sql = "EXPLAIN EXECUTE " + statement + "('{\"" + value + "\"}', '{}', 100, " +
                            std::to_string(ann.roster.value) + ")";
    return *one.Get<std::string>(Soon(), [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
      std::string text;
      for (const pqxx::row& row : tx.work().exec(sql)) text += row[0].as<std::string>() + "\n";
      return text;
    });
  };
  const std::tuple<SearchBy, const char*, const char*, const char*> ways[] = {
      {SearchBy::kNamesPrefix, "nAME 77", "roster_search_names_prefix", "roster_names"},
      {SearchBy::kSurnamesPrefix, "surname ab", "roster_search_surnames_prefix", "roster_surnames"},
      {SearchBy::kNames, "Name 777", "roster_search_names", "roster_names"},
      {SearchBy::kSurnames, "Surname f1c1592588411002af340cbaedd6fc33", "roster_search_surnames",
       "roster_surnames"},
      {SearchBy::kNick, "nick_777", "roster_search_nick", "roster_nick"},
      {SearchBy::kPhone, "1000777", "roster_search_phone", "account_phone"},
      {SearchBy::kVerifiedEmail, "777@Example.org", "roster_search_email", "verified_email_pkey"}};
  for (const auto& [by, value, statement, index] : ways) {
    const std::string text = plan(by, value, statement);
    EXPECT_THAT(text, testing::HasSubstr(index)) << text;
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("Seq Scan on roster"))) << text;
    EXPECT_THAT(text, testing::Not(testing::HasSubstr("Seq Scan on account"))) << text;
  }
  Sql("TRUNCATE roster.account CASCADE");
}

}  // namespace
}  // namespace chat::roster
