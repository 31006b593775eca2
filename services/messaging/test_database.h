// For tests: a database of the test process's own on the server of CHAT_TEST_PG, migrated, emptied
// before each test, dropped at the end of the process. And a small world to send in.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <pqxx/pqxx>
#include <string>

#include "chat/v1/messaging.pb.h"
#include "libs/pg/pool.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_send_store.h"
#include "services/messaging/send_rules.h"

namespace chat::messaging {

class DatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override;  // fails the test when CHAT_TEST_PG is not set

  static pg::Deadline In(std::chrono::milliseconds time = std::chrono::seconds(10)) {
    return std::chrono::steady_clock::now() + time;
  }
  const std::string& url() const { return url_; }
  pg::Pool& pool() { return *pool_; }
  // Outside of what is tested, on a connection of its own.
  pqxx::result Sql(const std::string& sql);

  // Account 100+n with the only roster n, phone 38067000000n, n from 1 to 9.
  static std::string Phone(int n) { return "38067000000" + std::to_string(n); }
  static std::string PhoneId(int n) { return Phone(n) + "_" + std::to_string(n); }
  static AccountId Account(int n) { return AccountId{100 + n}; }
  static v1::Caller Caller(int n);
  void AddPeople(int count);
  // Each call is one version younger than the one before.
  void SetFriends(int one, int other, bool open = true);
  Announcement Apply(const v1::ApplyRequest& request);

  // A checked Message/client from n to m.
  static Send Hello(int from, int to, const std::string& msg_id, const std::string& text = "hello");
  // Stored by itself; the test fails when it is not.
  MessageRow Store(int from, int to, const std::string& msg_id, const std::string& text = "hello");

  v1::Change* Next(v1::ApplyRequest* request);

 private:
  std::string url_;
  std::unique_ptr<pg::Pool> pool_;
  int64_t sequence_ = 0;
};

}  // namespace chat::messaging
