#include "services/messaging/horizon.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "libs/metrics/metrics.h"

namespace chat::messaging {

namespace {

constexpr std::chrono::milliseconds kTick{250};
constexpr std::chrono::seconds kTimeout{5};
constexpr int kRepeatEvery = 4;  // ticks: an unchanged horizon is told each second

prometheus::Gauge& Position(const char* kind) {
  return metrics::Gauge("chat_messaging_horizon", "The stable horizon and the one published.",
                        {{"kind", kind}});
}

}  // namespace

void HorizonRule::AddView(const HorizonView& view) {
  if (pending_ && view.oldest_xid >= *pending_->xid) {
    stable_ = std::max(stable_, pending_->position);
    known_ = true;
    pending_.reset();
  }
  int64_t taken = view.unpublished == 0 ? stable_ : std::min(stable_, view.unpublished - 1);
  published_ = std::max(published_, taken);
}

struct Horizon::Thread {
  std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::thread thread;
};

Horizon::Horizon(AnnouncementStore& store, RedisPublish publish)
    : store_(store), publish_(std::move(publish)), thread_(std::make_unique<Thread>()) {}

Horizon::~Horizon() {
  {
    std::lock_guard lock(thread_->mutex);
    thread_->stopping = true;
  }
  thread_->stopped.notify_all();
  if (thread_->thread.joinable()) thread_->thread.join();
}

void Horizon::Start() {
  thread_->thread = std::thread([this] {
    std::unique_lock lock(thread_->mutex);
    do {
      lock.unlock();
      Tick();
      lock.lock();
    } while (!thread_->stopped.wait_for(lock, kTick, [this] { return thread_->stopping; }));
  });
}

void Horizon::Tick() {
  static prometheus::Gauge& stable_gauge = Position("stable");
  static prometheus::Gauge& published_gauge = Position("published");
  static prometheus::Gauge& lag_gauge = metrics::Gauge(
      "chat_messaging_horizon_lag", "Positions drawn and not yet under the published horizon.");
  auto deadline = std::chrono::steady_clock::now() + kTimeout;
  if (rule_.WantsMark()) {
    absl::StatusOr<HorizonMark> mark = store_.Mark(deadline, rule_.known() ? rule_.stable() : -1);
    if (!mark.ok()) return;  // the pool has logged it
    rule_.AddMark(*mark);
    lag_gauge.Set(static_cast<double>(mark->position - rule_.published()));
  }
  absl::StatusOr<HorizonView> view = store_.View(deadline);
  if (!view.ok()) return;
  int64_t before = rule_.published();
  rule_.AddView(*view);
  if (!rule_.known()) return;
  stable_.store(rule_.stable());
  published_.store(rule_.published());
  stable_gauge.Set(static_cast<double>(rule_.stable()));
  published_gauge.Set(static_cast<double>(rule_.published()));
  if (rule_.published() == before && ++quiet_ticks_ < kRepeatEvery) return;
  quiet_ticks_ = 0;
  v1::Horizon message;
  message.set_position(rule_.published());
  publish_({{"horizon", message.SerializeAsString()}}, nullptr);
}

std::optional<int64_t> Horizon::stable() const {
  int64_t stable = stable_.load();
  if (stable < 0) return std::nullopt;
  return stable;
}

}  // namespace chat::messaging
