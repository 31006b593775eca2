#include "libs/courier/courier.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "libs/base/status.h"
#include "libs/courier/secret_code.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::courier {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kIdBytes = 16;
constexpr milliseconds kLongestBackoff{60'000};

void Count(Kind kind, const char* result) {
  metrics::Counter("chat_courier_letters_total", "Letters by kind and what became of them",
                   {{"kind", std::string(NameOf(kind))}, {"result", result}})
      .Increment();
}

void CountFailure(Kind kind) {
  metrics::Counter("chat_courier_failed_attempts_total", "Attempts that failed, by kind",
                   {{"kind", std::string(NameOf(kind))}})
      .Increment();
}

struct Job {
  Letter letter;
  int64_t attempts = 0;
  std::optional<absl::Status> outcome;  // set once, under the courier's mutex
};

}  // namespace

void CourierLimits::Declare(config::Keys& keys) {
  keys.Add("courier_threads", &threads, "codes on their way at once", 1, 256);
  keys.Add("courier_queue", &queue, "codes that wait; one more is refused", 1, 1'000'000);
  keys.Add("courier_attempts", &attempts, "attempts to hand a code over", 1, 20);
  keys.Add("courier_backoff_ms", &backoff_ms, "before the second attempt; doubled each time", 1,
           60'000);
  keys.Add("courier_wait_ms", &wait_ms,
           "how long a request waits for the outcome; then it is answered as sent", 0, 20'000);
  keys.Add("courier_waiters", &waiters, "requests that wait at once", 0, 10'000);
}

struct Courier::State {
  State(Carrier& c, CourierLimits l) : carrier(c), limits(l) {}

  void Work();
  void Attempt(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Job>& job);
  void Finish(Job& job, absl::Status outcome, const char* result);
  void Later(const std::shared_ptr<Job>& job);
  std::shared_ptr<Job> Next(std::unique_lock<std::mutex>& lock);

  Carrier& carrier;
  const CourierLimits limits;
  prometheus::Gauge& waiting =
      metrics::Gauge("chat_courier_waiting", "Letters that wait for an attempt");
  prometheus::Histogram& seconds = metrics::Histogram("chat_courier_attempt_seconds",
                                                      "Time of an attempt", metrics::TimeBuckets());

  std::mutex mutex;
  std::condition_variable due;       // a letter, or the end
  std::condition_variable finished;  // some letter has its outcome
  std::multimap<steady_clock::time_point, std::shared_ptr<Job>> queue;  // by the time it is due
  int64_t waiters = 0;
  bool stop = false;
  std::vector<std::thread> threads;
};

std::shared_ptr<Job> Courier::State::Next(std::unique_lock<std::mutex>& lock) {
  while (!stop) {
    if (queue.empty()) {
      due.wait(lock);
    } else if (queue.begin()->first > steady_clock::now()) {
      // A copy: while it waits the first one may be taken by another thread.
      const auto first = queue.begin()->first;
      due.wait_until(lock, first);
    } else {
      std::shared_ptr<Job> job = std::move(queue.begin()->second);
      queue.erase(queue.begin());
      waiting.Set(static_cast<double>(queue.size()));
      return job;
    }
  }
  return nullptr;
}

void Courier::State::Work() {
  std::unique_lock lock(mutex);
  while (std::shared_ptr<Job> job = Next(lock)) Attempt(lock, job);
}

void Courier::State::Attempt(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Job>& job) {
  ++job->attempts;
  lock.unlock();
  const auto begin = steady_clock::now();
  absl::Status carried = carrier.Carry(job->letter);
  seconds.Observe(std::chrono::duration<double>(steady_clock::now() - begin).count());
  if (!carried.ok()) {
    CountFailure(job->letter.kind);
    log::Warn("a code could not be handed over", {{"kind", NameOf(job->letter.kind)},
                                                  {"to", log::Masked(job->letter.to)},
                                                  {"letter", job->letter.id},
                                                  {"attempt", job->attempts},
                                                  {"why", Message(carried)}});
  }
  lock.lock();
  if (carried.ok()) return Finish(*job, carried, "delivered");
  if (carried.code() != absl::StatusCode::kUnavailable) return Finish(*job, carried, "refused");
  if (job->attempts >= limits.attempts) return Finish(*job, carried, "given_up");
  if (stop) return Finish(*job, carried, "dropped");
  Later(job);
}

void Courier::State::Later(const std::shared_ptr<Job>& job) {
  const int64_t doubled = std::min<int64_t>(job->attempts - 1, 20);
  const milliseconds pause = std::min(kLongestBackoff, milliseconds(limits.backoff_ms << doubled));
  queue.emplace(steady_clock::now() + pause, job);
  waiting.Set(static_cast<double>(queue.size()));
  due.notify_one();
}

void Courier::State::Finish(Job& job, absl::Status outcome, const char* result) {
  job.outcome = std::move(outcome);
  Count(job.letter.kind, result);
  finished.notify_all();
}

Courier::Courier(Carrier& carrier, CourierLimits limits)
    : state_(std::make_unique<State>(carrier, limits)) {
  for (int64_t i = 0; i < limits.threads; ++i) {
    state_->threads.emplace_back([state = state_.get()] { state->Work(); });
  }
}

Courier::~Courier() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
    for (const auto& [when, job] : state_->queue) {
      state_->Finish(*job, absl::UnavailableError("the process ends"), "dropped");
    }
    state_->queue.clear();
  }
  state_->due.notify_all();
  for (std::thread& thread : state_->threads) thread.join();
}

absl::Status Courier::Send(Letter letter) {
  letter.id = RandomHex(kIdBytes);
  auto job = std::make_shared<Job>(Job{.letter = std::move(letter), .outcome = {}});
  std::unique_lock lock(state_->mutex);
  if (state_->stop || state_->queue.size() >= static_cast<size_t>(state_->limits.queue)) {
    Count(job->letter.kind, "overflow");
    return absl::UnavailableError("too many codes wait for being sent");
  }
  state_->queue.emplace(steady_clock::now(), job);
  state_->waiting.Set(static_cast<double>(state_->queue.size()));
  state_->due.notify_one();
  if (state_->waiters >= state_->limits.waiters) return absl::OkStatus();
  ++state_->waiters;
  state_->finished.wait_for(lock, milliseconds(state_->limits.wait_ms),
                            [&] { return job->outcome.has_value(); });
  --state_->waiters;
  return job->outcome.value_or(absl::OkStatus());
}

}  // namespace chat::courier
