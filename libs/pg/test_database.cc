#include "libs/pg/test_database.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "libs/base/status.h"

namespace chat::pg {
namespace {

std::string Superuser() {
  const char* url = std::getenv("CHAT_TEST_PG");
  return url == nullptr ? "" : url;
}

std::string RunOn(const std::string& url, const std::string& sql) {
  pqxx::connection connection(url);
  pqxx::nontransaction work(connection);
  pqxx::result rows = work.exec(sql);
  return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
}

// The database, as long as the process lives.
class Scratch {
 public:
  Scratch() : name_("chat_test_" + std::to_string(::getpid())) {
    RunOn(Superuser(), "CREATE DATABASE " + name_);
  }
  ~Scratch() {
    try {
      RunOn(Superuser(), "DROP DATABASE " + name_ + " WITH (FORCE)");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s is left behind: %s\n", name_.c_str(), error.what());
    }
  }

  // The superuser's URL with another database.
  std::string url() const {
    const std::string url = Superuser();
    const size_t query = std::min(url.find('?'), url.size());
    const size_t slash = url.find('/', url.find("//") + 2);
    return url.substr(0, std::min(slash, query)) + "/" + name_ + url.substr(query);
  }

 private:
  std::string name_;
};

std::string ScratchUrl(const std::string& schema, std::span<const Migration> migrations) {
  if (Superuser().empty()) {
    ADD_FAILURE() << "CHAT_TEST_PG is not set";
    return "postgresql://127.0.0.1:1/none";
  }
  static const Scratch scratch;
  RunOn(scratch.url(), "DROP SCHEMA IF EXISTS " + schema + " CASCADE");
  absl::Status migrated = Migrate(scratch.url(), schema, migrations);
  EXPECT_TRUE(migrated.ok()) << Message(migrated);
  return scratch.url();
}

}  // namespace

TestDatabase::TestDatabase(const std::string& schema, std::span<const Migration> migrations)
    : url_(ScratchUrl(schema, migrations)), pool_(url_, 8) {}

std::string TestDatabase::Exec(const std::string& sql) { return RunOn(url_, sql); }

void DatabaseTest::SetUp() {
  const char* url = std::getenv("CHAT_TEST_PG");
  ASSERT_NE(url, nullptr) << "CHAT_TEST_PG must name a PostgreSQL (postgresql://…); tests/run does";
  url_ = url;
  schema_ = "test_" + std::to_string(::getpid()) + "_" + std::to_string(std::random_device{}());
  Sql("CREATE SCHEMA " + schema_);
}

void DatabaseTest::TearDown() {
  if (!schema_.empty()) Sql("DROP SCHEMA IF EXISTS " + schema_ + " CASCADE");
}

pqxx::result DatabaseTest::Sql(const std::string& sql) {
  pqxx::connection connection(url_ + (url_.find('?') == std::string::npos ? "?" : "&") +
                              "options=-c%20client_min_messages%3Dwarning");
  pqxx::work work(connection);
  pqxx::result result = work.exec(sql);
  work.commit();
  return result;
}

}  // namespace chat::pg
