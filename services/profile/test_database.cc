#include "services/profile/test_database.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "libs/base/status.h"
#include "libs/pg/migrate.h"
#include "services/profile/migrations.h"

namespace chat::profile {
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
  Scratch() : name_("profile_test_" + std::to_string(getpid())) {
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

std::string ScratchUrl() {
  if (Superuser().empty()) {
    ADD_FAILURE() << "CHAT_TEST_PG is not set";
    return "postgresql://127.0.0.1:1/none";
  }
  static const Scratch scratch;
  RunOn(scratch.url(), "DROP SCHEMA IF EXISTS profile CASCADE");
  absl::Status migrated = pg::Migrate(scratch.url(), "profile", kMigrations);
  EXPECT_TRUE(migrated.ok()) << Message(migrated);
  return scratch.url();
}

}  // namespace

TestDatabase::TestDatabase() : url_(ScratchUrl()), pool_(url_, 8) {}

std::string TestDatabase::Exec(const std::string& sql) { return RunOn(url_, sql); }

}  // namespace chat::profile
