#include "libs/pg/test_database.h"

#include <unistd.h>

#include <cstdlib>
#include <random>

namespace chat::pg {

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
