#include "libs/rpc/channel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "libs/rpc/test_server.h"

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

absl::Status Ask(v1::FeedsInternal::Stub& stub) {
  v1::FeedAccessReply reply;
  return Invoke(Background(5s), stub, &v1::FeedsInternal::Stub::Access, {}, &reply);
}

TestServer::Body Counting(std::atomic<int>* count) {
  return [count](const Call&, const auto&, auto*) {
    ++*count;
    return absl::OkStatus();
  };
}

// Asks until `done`; false when that takes too long.
bool AskUntil(v1::FeedsInternal::Stub& stub, const std::function<bool(const absl::Status&)>& done) {
  auto patience = steady_clock::now() + 15s;
  while (steady_clock::now() < patience) {
    if (done(Ask(stub))) return true;
  }
  return false;
}

TEST(ChannelTest, SeveralAddressesAreAskedInTurnAndADeadOneIsLeftOut) {
  std::atomic<int> first = 0, second = 0;
  std::optional<TestServer> one(std::in_place, Counting(&first));
  TestServer two(Counting(&second));
  auto stub = v1::FeedsInternal::NewStub(RoundRobin({one->address(), two.address()}));
  ASSERT_TRUE(AskUntil(*stub, [&](const auto&) { return first > 0 && second > 0; }));
  int first_before = first, second_before = second;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(Ask(*stub).ok());
  EXPECT_EQ(first - first_before, 10);
  EXPECT_EQ(second - second_before, 10);
  one.reset();
  int in_a_row = 0;
  EXPECT_TRUE(AskUntil(*stub, [&](const absl::Status& status) {
    in_a_row = status.ok() ? in_a_row + 1 : 0;
    return in_a_row == 20;
  }));
}

TEST(ChannelTest, AnAddressIsItselfAndANameIsAllItsAddresses) {
  EXPECT_EQ(AddressesOf("10.0.0.1:17000"), std::vector<std::string>({"10.0.0.1:17000"}));
  EXPECT_EQ(AddressesOf("[::1]:17000"), std::vector<std::string>({"[::1]:17000"}));
  EXPECT_EQ(AddressesOf("localhost:17000"), std::vector<std::string>({"127.0.0.1:17000"}));
  EXPECT_EQ(AddressesOf("no.such.name.invalid:17000"), std::vector<std::string>());
}

TEST(ChannelTest, NamesAreResolved) {
  std::atomic<int> count = 0;
  TestServer server(Counting(&count));
  std::string port = server.address().substr(server.address().rfind(':'));
  EXPECT_TRUE(Ask(*v1::FeedsInternal::NewStub(RoundRobin({"localhost" + port}))).ok());
  EXPECT_TRUE(Ask(*v1::FeedsInternal::NewStub(Direct("localhost" + port))).ok());
  EXPECT_TRUE(
      Ask(*v1::FeedsInternal::NewStub(RoundRobin({"localhost" + port, server.address()}))).ok());
}

TEST(ChannelTest, NobodyThereIsUnavailableAtOnce) {
  auto begin = steady_clock::now();
  EXPECT_EQ(Ask(*v1::FeedsInternal::NewStub(Direct("127.0.0.1:1"))).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(Ask(*v1::FeedsInternal::NewStub(RoundRobin({}))).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_LT(steady_clock::now() - begin, 4s);
}

}  // namespace
}  // namespace chat::rpc
