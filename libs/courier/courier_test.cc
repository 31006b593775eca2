#include "libs/courier/courier.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "libs/metrics/metrics.h"

namespace chat::courier {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr CourierLimits kPatient = {
    .threads = 2, .queue = 10, .attempts = 3, .backoff_ms = 1, .wait_ms = 20'000, .waiters = 8};

// Answers attempt n with `answer(n)`; remembers the letters.
class Scripted : public Carrier {
 public:
  explicit Scripted(std::function<absl::Status(size_t)> answer) : answer_(std::move(answer)) {}

  absl::Status Carry(const Letter& letter) override {
    size_t attempt;
    {
      std::lock_guard lock(mutex_);
      letters_.push_back(letter);
      attempt = letters_.size();
    }
    return answer_(attempt);
  }
  std::vector<Letter> letters() const {
    std::lock_guard lock(mutex_);
    return letters_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Letter> letters_;
  std::function<absl::Status(size_t)> answer_;
};

// Holds every attempt until it is opened.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
  }
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

Letter ToPhone() { return {.kind = Kind::kSms, .to = "380670001234", .code = "1", .text = "t"}; }

double Counted(const char* result) {
  return metrics::Counter("chat_courier_letters_total", "Letters by kind and what became of them",
                          {{"kind", "sms"}, {"result", result}})
      .Value();
}

TEST(CourierTest, ALetterThatIsTakenIsDeliveredOnce) {
  Scripted carrier([](size_t) { return absl::OkStatus(); });
  Courier courier(carrier, kPatient);
  EXPECT_TRUE(courier.Send(ToPhone()).ok());
  ASSERT_EQ(carrier.letters().size(), 1u);
  EXPECT_EQ(carrier.letters()[0].to, "380670001234");
  EXPECT_EQ(carrier.letters()[0].id.size(), 32u);
}

TEST(CourierTest, AFailureIsTriedAgainUnderTheSameId) {
  Scripted carrier([](size_t attempt) {
    return attempt < 3 ? absl::UnavailableError("away") : absl::OkStatus();
  });
  Courier courier(carrier, kPatient);
  EXPECT_TRUE(courier.Send(ToPhone()).ok());
  const std::vector<Letter> letters = carrier.letters();
  ASSERT_EQ(letters.size(), 3u);
  EXPECT_EQ((std::set<std::string>{letters[0].id, letters[1].id, letters[2].id}).size(), 1u);
}

TEST(CourierTest, AfterTheLastAttemptItIsGivenUpAndCounted) {
  Scripted carrier([](size_t) { return absl::UnavailableError("away"); });
  Courier courier(carrier, kPatient);
  const double before = Counted("given_up");
  EXPECT_EQ(courier.Send(ToPhone()).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(carrier.letters().size(), 3u);
  EXPECT_EQ(Counted("given_up"), before + 1);
}

TEST(CourierTest, ARefusalIsNotRepeated) {
  Scripted carrier([](size_t) { return absl::InvalidArgumentError("no such number"); });
  Courier courier(carrier, kPatient);
  const double before = Counted("refused");
  EXPECT_EQ(courier.Send(ToPhone()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(carrier.letters().size(), 1u);
  EXPECT_EQ(Counted("refused"), before + 1);
}

TEST(CourierTest, ASlowCarrierHoldsACallerNoLongerThanItMayWait) {
  Gate gate;
  Scripted carrier([&](size_t) {
    gate.Wait();
    return absl::OkStatus();
  });
  CourierLimits limits = kPatient;
  limits.wait_ms = 30;
  Courier courier(carrier, limits);
  const auto begin = steady_clock::now();
  EXPECT_TRUE(courier.Send(ToPhone()).ok());
  EXPECT_LT(steady_clock::now() - begin, milliseconds(5000));
  gate.Open();
}

TEST(CourierTest, NoMoreThanTheConfiguredCallersWait) {
  Gate gate;
  Scripted carrier([&](size_t) {
    gate.Wait();
    return absl::OkStatus();
  });
  CourierLimits limits = kPatient;
  limits.waiters = 0;
  Courier courier(carrier, limits);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(courier.Send(ToPhone()).ok());
  gate.Open();
}

TEST(CourierTest, AFullQueueIsToldAtOnce) {
  Gate gate;
  Scripted carrier([&](size_t) {
    gate.Wait();
    return absl::OkStatus();
  });
  CourierLimits limits = kPatient;
  limits.threads = 1;
  limits.queue = 2;
  limits.waiters = 0;
  Courier courier(carrier, limits);
  const double before = Counted("overflow");
  int taken = 0;
  for (int i = 0; i < 10; ++i) taken += courier.Send(ToPhone()).ok();
  // One may be on its way already.
  EXPECT_GE(taken, 2);
  EXPECT_LE(taken, 3);
  EXPECT_EQ(Counted("overflow"), before + 10 - taken);
  gate.Open();
}

TEST(CourierTest, WhatWaitsWhenTheProcessEndsIsDropped) {
  Scripted carrier([](size_t) { return absl::UnavailableError("away"); });
  CourierLimits limits = kPatient;
  limits.backoff_ms = 60'000;
  limits.waiters = 0;
  const double before = Counted("dropped");
  const auto begin = steady_clock::now();
  {
    Courier courier(carrier, limits);
    EXPECT_TRUE(courier.Send(ToPhone()).ok());
  }
  EXPECT_EQ(Counted("dropped"), before + 1);
  EXPECT_LT(steady_clock::now() - begin, milliseconds(30'000));
}

}  // namespace
}  // namespace chat::courier
