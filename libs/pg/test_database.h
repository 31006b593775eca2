// For tests: the PostgreSQL of CHAT_TEST_PG, and in it a schema of the test's own (DatabaseTest) or
// a database of the process with a service's migrated schemas (TestDatabase), dropped at the end.
#pragma once

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <span>
#include <string>

#include "libs/pg/migrate.h"
#include "libs/pg/pool.h"

namespace chat::pg {

inline Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

// One database serves the whole process; it is made by the first TestDatabase, on the server of
// CHAT_TEST_PG (a superuser's postgresql://…). Each TestDatabase is an empty, freshly migrated
// `schema` in it. Fails the test when there is no server.
class TestDatabase {
 public:
  TestDatabase(const std::string& schema, std::span<const Migration> migrations);

  const std::string& url() const { return url_; }
  Pool& pool() { return pool_; }

  // Past the pool, e.g. to make rows older. The first column of the first row; "" without one.
  std::string Exec(const std::string& sql);

 private:
  std::string url_;
  Pool pool_;
};

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
