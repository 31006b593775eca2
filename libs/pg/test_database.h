// For tests: the PostgreSQL of CHAT_TEST_PG and a schema of the test's own, dropped at the end.
#pragma once

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "libs/pg/pool.h"

namespace chat::pg {

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override;     // fails the test when CHAT_TEST_PG is not set
  void TearDown() override;  // drops the schema

  const std::string& url() const { return url_; }
  const std::string& schema() const { return schema_; }
  // Outside of what is tested, on a connection of its own.
  pqxx::result Sql(const std::string& sql);
  static Deadline In(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
  }

 private:
  std::string url_;
  std::string schema_;
};

}  // namespace chat::pg
