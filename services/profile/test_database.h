// A database of this test process, made on the server of CHAT_TEST_PG (a superuser's
// postgresql://…) and dropped at its end. Each TestDatabase is an empty, freshly migrated schema
// `profile` in it.
#pragma once

#include <string>

#include "libs/pg/pool.h"

namespace chat::profile {

class TestDatabase {
 public:
  TestDatabase();  // fails the test when there is no server

  const std::string& url() const { return url_; }
  pg::Pool& pool() { return pool_; }

  // Past the pool, The first column of the first row; "" without one.
  std::string Exec(const std::string& sql);

 private:
  std::string url_;
  pg::Pool pool_;
};

inline pg::Deadline Soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(20); }

}  // namespace chat::profile
