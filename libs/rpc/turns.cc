#include "libs/rpc/turns.h"

#include <algorithm>

#include "libs/metrics/metrics.h"

namespace chat::rpc {
namespace {

prometheus::Gauge& Waiting() {
  static prometheus::Gauge& gauge =
      metrics::Gauge("chat_rpc_server_waiting", "Calls that wait because rpc_threads are running.");
  return gauge;
}

prometheus::Histogram& WaitSeconds() {
  static prometheus::Histogram& histogram =
      metrics::Histogram("chat_rpc_server_wait_seconds",
                         "How long calls that had to wait have waited.", metrics::TimeBuckets());
  return histogram;
}

}  // namespace

void Turns::SetLimit(int limit) {
  std::lock_guard lock(mutex_);
  limit_ = limit;
}

bool Turns::Begin(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (limit_ == 0 || (running_ < limit_ && waiting_.empty())) {
    ++running_;
    return true;
  }
  const auto begin = std::chrono::steady_clock::now();
  Waiter self;
  waiting_.push_back(&self);
  Waiting().Increment();
  const bool called = self.wake.wait_until(lock, deadline, [&] { return self.called; });
  if (!called) waiting_.erase(std::find(waiting_.begin(), waiting_.end(), &self));
  Waiting().Decrement();
  lock.unlock();
  WaitSeconds().Observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  return called;
}

void Turns::End() {
  std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    --running_;
    return;
  }
  Waiter* next = waiting_.front();
  waiting_.pop_front();
  next->called = true;
  next->wake.notify_one();
}

size_t Turns::waiting() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

Turns& ProcessTurns() {
  static Turns turns;
  return turns;
}

}  // namespace chat::rpc
