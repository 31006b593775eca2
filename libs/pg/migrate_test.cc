#include "libs/pg/migrate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "libs/base/status.h"
#include "libs/pg/test_database.h"

namespace chat::pg {
namespace {

using ::testing::HasSubstr;

class MigrateTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    Sql("DROP SCHEMA " + schema());  // Migrate() makes it
    first_ = "CREATE TABLE " + schema() + ".a (x int);\n-- two statements\nINSERT INTO " +
             schema() + ".a VALUES (1), (2);";
    second_ = "ALTER TABLE " + schema() + ".a ADD COLUMN y text DEFAULT 'ґ;''';";
  }
  std::vector<Migration> Both() const { return {{"0001_a.sql", first_}, {"0002_y.sql", second_}}; }
  absl::Status Run(const std::vector<Migration>& list) { return Migrate(url(), schema(), list); }
  absl::Status Check(const std::vector<Migration>& list) {
    return CheckMigrated(url(), schema(), list);
  }

  std::string first_;
  std::string second_;
};

TEST_F(MigrateTest, AllAreAppliedOnceAndInOrder) {
  ASSERT_TRUE(Run(Both()).ok());
  ASSERT_TRUE(Run(Both()).ok());
  pqxx::result rows = Sql("SELECT x, y FROM " + schema() + ".a");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0][1].as<std::string>(), "ґ;'");
  EXPECT_TRUE(Check(Both()).ok());
}

TEST_F(MigrateTest, OnlyWhatIsMissingIsApplied) {
  ASSERT_TRUE(Run({Both()[0]}).ok());
  EXPECT_EQ(Check(Both()).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Run(Both()).ok());
  EXPECT_TRUE(Check(Both()).ok());
}

TEST_F(MigrateTest, ManyAtOnceApplyEachOnce) {
  std::vector<std::future<absl::Status>> running;
  for (int i = 0; i < 6; ++i) {
    running.push_back(std::async(std::launch::async, [&] { return Run(Both()); }));
  }
  for (auto& one : running) EXPECT_TRUE(one.get().ok());
  EXPECT_EQ(Sql("SELECT 1 FROM " + schema() + ".a").size(), 2u);
}

TEST_F(MigrateTest, AFailedMigrationLeavesNothingBehindAndNamesItself) {
  std::string bad = "CREATE TABLE " + schema() + ".b (x int); SELECT nonsense;";
  absl::Status status = Run({Both()[0], {"0002_bad.sql", bad}});
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Message(status), HasSubstr("0002_bad.sql"));
  EXPECT_TRUE(Sql("SELECT to_regclass('" + schema() + ".b')")[0][0].is_null());
  EXPECT_TRUE(Check({Both()[0]}).ok());
}

TEST_F(MigrateTest, AChangedTextIsRefused) {
  ASSERT_TRUE(Run(Both()).ok());
  auto changed = Both();
  changed[0].sql = "SELECT 1";
  EXPECT_EQ(Run(changed).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(Check(changed)), HasSubstr("0001_a.sql"));
}

TEST_F(MigrateTest, TheVersionBeforeServesOnANewerSchema) {
  ASSERT_TRUE(Run(Both()).ok());
  EXPECT_TRUE(Run({Both()[0]}).ok());
  EXPECT_TRUE(Check({Both()[0]}).ok());
}

TEST_F(MigrateTest, AnUnknownMigrationAmongThoseThatAreKnownIsRefused) {
  ASSERT_TRUE(Run(Both()).ok());
  EXPECT_EQ(Run({Both()[1]}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(Check({Both()[1]})), HasSubstr("0001_a.sql"));
}

TEST_F(MigrateTest, ASchemaThatIsNotThereIsNotMigrated) {
  EXPECT_EQ(Check(Both()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrateTest, NobodyThereIsUnavailable) {
  std::string nobody = "postgresql://127.0.0.1:1/x";
  EXPECT_EQ(Migrate(nobody, schema(), Both()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(CheckMigrated(nobody, schema(), Both()).code(), absl::StatusCode::kUnavailable);
}

TEST_F(MigrateTest, ASchemaHasAPlainName) {
  EXPECT_EQ(Migrate(url(), "a; DROP TABLE b", Both()).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace chat::pg
