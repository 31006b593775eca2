// What the tests of the service have in common: people on a database, requests as a gateway or an
// owner sends them. Replicas and listeners are in test_replica.h.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>

#include "libs/rpc/call.h"
#include "services/messaging/test_database.h"
#include "services/messaging/test_replica.h"

namespace chat::messaging {

class ServiceTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    const char* redis = std::getenv("CHAT_TEST_REDIS");
    ASSERT_NE(redis, nullptr) << "CHAT_TEST_REDIS is not set";
    config_.redis = redis;
    config_.pg_url = url();
  }

  static rpc::Call As(int n, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    rpc::Call call = rpc::Background(timeout);
    call.caller = Caller(n);
    return call;
  }
  static v1::Message Text(int to, const std::string& msg_id, const std::string& text = "hello") {
    v1::Message message;
    message.set_to(PhoneId(to));
    if (!msg_id.empty()) message.set_msg_id(msg_id);
    message.add_files()->set_payload(text);
    message.set_status(v1::Message::CLIENT);
    return message;
  }
  absl::StatusOr<v1::Reply> Send(Replica& replica, int from, const v1::Message& message) {
    auto stub = v1::MessageService::NewStub(replica.channel);
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(As(from), *stub, &v1::MessageService::Stub::Client, message, &reply);
    if (!status.ok()) return status;
    return reply;
  }
  static std::string A(int n) { return "a:" + std::to_string(Account(n).value); }

  MessagingConfig config_;
};

}  // namespace chat::messaging
