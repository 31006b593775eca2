#include "libs/pg/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/base/status.h"

namespace chat::pg {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ConnectionStringTest, WhatEveryConnectionNeedsIsAdded) {
  EXPECT_THAT(
      ConnectionString("postgresql://me:se'cret@db.example:5433/chat", SessionSettings()).value(),
      AllOf(HasSubstr("host='db.example'"), HasSubstr("port='5433'"), HasSubstr("dbname='chat'"),
            HasSubstr("password='se\\'cret'"), HasSubstr("connect_timeout='2'"),
            HasSubstr("tcp_user_timeout='5000'"), HasSubstr("keepalives='1'"),
            HasSubstr("lock_timeout=2000")));
}

TEST(ConnectionStringTest, TheUrlWinsOverDefaults) {
  EXPECT_THAT(
      ConnectionString("postgresql://db/chat?connect_timeout=9&options=-c%20lock_timeout%3D7",
                       "-c a=1")
          .value(),
      AllOf(HasSubstr("connect_timeout='9'"), HasSubstr("options='-c a=1 -c lock_timeout=7'")));
}

TEST(ConnectionStringTest, WhatIsNoUrlIsRefusedWithoutRepeatingIt) {
  absl::Status status = ConnectionString("postgresql://me:hunter2@[", "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(status), Not(HasSubstr("hunter2")));
}

TEST(ArrayTest, ItIsALiteralOfPostgres) {
  EXPECT_EQ(Array({}), "{}");
  EXPECT_EQ(TextArray({}), "{}");
  EXPECT_EQ(TextArray({"a", "", "b\"c\\,}"}), R"({"a","","b\"c\\,}"})");
  EXPECT_EQ(Array({1, -2, INT64_MAX}), "{1,-2,9223372036854775807}");
}

}  // namespace
}  // namespace chat::pg
