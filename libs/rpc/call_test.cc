#include "libs/rpc/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/channel.h"
#include "libs/rpc/test_server.h"

namespace chat::rpc {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using Stub = v1::FeedsInternal::Stub;

absl::Status Ask(const std::string& address, const Call& call, const std::string& topic = "t",
                 v1::FeedAccessReply* reply = nullptr, std::chrono::milliseconds limit = 5s) {
  auto stub = v1::FeedsInternal::NewStub(Direct(address));
  v1::FeedAccessRequest request;
  request.set_topic(topic);
  v1::FeedAccessReply ignored;
  return Invoke(call, *stub, &Stub::Access, request, reply != nullptr ? reply : &ignored, limit);
}

uint64_t Observed(const char* method, const char* code) {
  return metrics::Histogram("chat_rpc_server_seconds", "", metrics::TimeBuckets(),
                            {{"method", method}, {"code", code}})
      .Collect()
      .histogram.sample_count;
}

TEST(CallTest, CallerTraceAndDeadlineReachTheHandler) {
  Call seen;
  TestServer server([&](const Call& call, const auto& request, auto* reply) {
    seen = call;
    reply->set_read(request.topic() == "room/1");
    return absl::OkStatus();
  });
  Call call = Background(3s);
  call.caller.set_account_id(7);
  call.caller.set_client_id(std::string("\0\xff", 2));
  v1::FeedAccessReply reply;
  ASSERT_TRUE(Ask(server.address(), call, "room/1", &reply).ok());
  EXPECT_TRUE(reply.read());
  EXPECT_EQ(seen.caller.SerializeAsString(), call.caller.SerializeAsString());
  EXPECT_EQ(seen.trace, call.trace);
  EXPECT_LT(seen.deadline, steady_clock::now() + 3s);
  EXPECT_GT(seen.deadline, steady_clock::now());
}

TEST(CallTest, ACallerWithManyRostersFits) {
  Call seen;
  TestServer server([&](const Call& call, const auto&, auto*) {
    seen = call;
    return absl::OkStatus();
  });
  Call call = Background(5s);
  for (int i = 0; i < 1000; ++i) {
    call.caller.add_rosters()->set_phone_id("380631234567_" + std::to_string(i));
  }
  ASSERT_TRUE(Ask(server.address(), call).ok());
  EXPECT_EQ(seen.caller.rosters_size(), 1000);
}

TEST(CallTest, ACallWithoutAnythingGetsATraceAndADeadline) {
  Call seen;
  TestServer server([&](const Call& call, const auto&, auto*) {
    seen = call;
    return absl::OkStatus();
  });
  auto stub = v1::FeedsInternal::NewStub(Direct(server.address()));
  grpc::ClientContext context;
  context.AddMetadata("chat-trace", "not a {trace}");
  context.AddMetadata("chat-caller-bin", "\xff\xff");
  v1::FeedAccessReply reply;
  ASSERT_TRUE(stub->Access(&context, {}, &reply).ok());
  EXPECT_THAT(seen.trace, MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(seen.caller.ByteSizeLong(), 0u);
  EXPECT_LE(seen.deadline, steady_clock::now() + 30s);
  EXPECT_GT(seen.deadline, steady_clock::now() + 20s);
}

TEST(CallTest, ARefusalArrivesAndIsCountedByItsAtom) {
  TestServer server([](const Call&, const auto&, auto*) {
    return Refuse(v1::PERMISSION_DENIED, "Feed: not a member");
  });
  uint64_t before = Observed("FeedsInternal/Access", "permission_denied");
  absl::Status status = Ask(server.address(), Background(5s));
  EXPECT_EQ(RefusalOf(status), v1::PERMISSION_DENIED);
  EXPECT_EQ(Observed("FeedsInternal/Access", "permission_denied"), before + 1);
}

TEST(CallTest, AnExceptionOfAHandlerIsInternalAndTheServerLives) {
  TestServer server([](const Call&, const auto& request, auto*) -> absl::Status {
    if (request.topic() == "throw") throw std::runtime_error("broken");
    if (request.topic() == "int") throw 1;
    return absl::OkStatus();
  });
  absl::Status status = Ask(server.address(), Background(5s), "throw");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(Message(status), HasSubstr("broken"));
  EXPECT_EQ(Ask(server.address(), Background(5s), "int").code(), absl::StatusCode::kInternal);
  EXPECT_TRUE(Ask(server.address(), Background(5s)).ok());
}

TEST(CallTest, TheSoonerOfDeadlineAndLimitEndsTheCall) {
  std::promise<void> end;
  auto ended = end.get_future().share();
  TestServer server([&](const Call&, const auto&, auto*) {
    ended.wait();
    return absl::OkStatus();
  });
  auto begin = steady_clock::now();
  EXPECT_EQ(Ask(server.address(), Background(100ms)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Ask(server.address(), Background(20s), "t", nullptr, 100ms).code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Ask(server.address(), Background(-1s)).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_LT(steady_clock::now() - begin, 5s);
  end.set_value();
}

TEST(CallTest, CallsBeyondTheThreadsAreRefusedAtOnceAndHealthStillAnswers) {
  grpc::EnableDefaultHealthCheckService(true);
  std::promise<void> end;
  auto ended = end.get_future().share();
  std::atomic<int> running = 0;
  TestServer server(
      [&](const Call&, const auto&, auto*) {
        ++running;
        ended.wait();
        return absl::OkStatus();
      },
      4);
  std::vector<std::future<absl::Status>> calls;
  for (int i = 0; i < 4; ++i) {
    calls.push_back(
        std::async(std::launch::async, [&] { return Ask(server.address(), Background(20s)); }));
  }
  auto patience = steady_clock::now() + 10s;
  while (running < 4 && steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_EQ(running, 4);
  for (int i = 0; i < 20; ++i) {
    auto begin = steady_clock::now();
    EXPECT_EQ(Ask(server.address(), Background(20s)).code(), absl::StatusCode::kResourceExhausted);
    EXPECT_LT(steady_clock::now() - begin, 2s);
  }
  std::string why;
  EXPECT_TRUE(AsksHealthy(server.address(), true, &why)) << why;
  end.set_value();
  for (auto& call : calls) EXPECT_TRUE(call.get().ok());
  EXPECT_TRUE(Ask(server.address(), Background(20s)).ok());
}

TEST(CallTest, ABurstWaitsForItsTurnInsteadOfBeingRefused) {
  std::atomic<int> running = 0, most = 0;
  TestServer server(
      [&](const Call&, const auto&, auto*) {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        std::this_thread::sleep_for(1ms);
        --running;
        return absl::OkStatus();
      },
      4, 300);
  auto stub = v1::FeedsInternal::NewStub(Direct(server.address()));
  constexpr int kBurst = 250;
  std::mutex mutex;
  std::condition_variable ended;
  int left = kBurst, failed = 0;
  struct Asked {
    grpc::ClientContext context;
    v1::FeedAccessRequest request;
    v1::FeedAccessReply reply;
  };
  std::vector<Asked> asked(kBurst);
  for (Asked& call : asked) {
    call.context.set_deadline(std::chrono::system_clock::now() + 30s);
    stub->async()->Access(&call.context, &call.request, &call.reply, [&](grpc::Status status) {
      std::lock_guard lock(mutex);
      failed += !status.ok();
      if (--left == 0) ended.notify_one();
    });
  }
  std::unique_lock lock(mutex);
  EXPECT_TRUE(ended.wait_for(lock, 60s, [&] { return left == 0; }));
  EXPECT_EQ(failed, 0);
  EXPECT_LE(most, 4);
}

TEST(CallTest, ABurstEndsEveryCallOneWayOrTheOther) {
  TestServer server([](const Call&, const auto&, auto*) { return absl::OkStatus(); }, 4);
  auto stub = v1::FeedsInternal::NewStub(Direct(server.address()));
  std::atomic<int> ok = 0, exhausted = 0, other = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        v1::FeedAccessReply reply;
        absl::Status status = Invoke(Background(20s), *stub, &Stub::Access, {}, &reply);
        ++(status.ok()                                             ? ok
           : status.code() == absl::StatusCode::kResourceExhausted ? exhausted
                                                                   : other);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(other, 0);
  EXPECT_GT(ok, 0);
  EXPECT_EQ(ok + exhausted, 1600);
}

TEST(CallTest, NamesOfCodes) {
  EXPECT_EQ(CodeName(absl::OkStatus()), "OK");
  EXPECT_EQ(CodeName(absl::UnavailableError("")), "UNAVAILABLE");
  EXPECT_EQ(CodeName(absl::UnauthenticatedError("")), "UNAUTHENTICATED");
  EXPECT_EQ(CodeName(Refuse(v1::INVALID_SMS_CODE, "")), "invalid_sms_code");
}

}  // namespace
}  // namespace chat::rpc
