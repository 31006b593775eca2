#include "services/messaging/receipts.h"

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "libs/metrics/metrics.h"

namespace chat::messaging {

namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPause{1000};
constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::seconds kTimeout{5};
// Marks that wait for their second; past this they are told by the next one that rises.
constexpr size_t kMaxWaiting = 100'000;

}  // namespace

struct Receipts::State {
  using Mark = std::pair<int64_t, int64_t>;  // feed, reader

  State(PgHistoryStore& store_, TransientLane& lane_) : store(store_), lane(lane_) {}

  void Tell(const ReceiptsDue& due, const Mark& mark) {
    for (const Receipt& receipt : due.receipts) lane.Tell(receipt.to, receipt.event);
    told.Increment(static_cast<double>(due.receipts.size()));
    if (!due.later) return;
    std::lock_guard lock(mutex);
    if (waiting.size() < kMaxWaiting) waiting.try_emplace(mark, steady_clock::now() + kPause);
  }

  void Work() {
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, kTick, [this] { return stopping; })) {
      const auto now = steady_clock::now();
      std::vector<Mark> ready;
      std::erase_if(waiting, [&](const auto& entry) {
        if (entry.second > now) return false;
        ready.push_back(entry.first);
        return true;
      });
      lock.unlock();
      for (const Mark& mark : ready) {
        auto due = store.TakeReceipts(steady_clock::now() + kTimeout, FeedId{mark.first},
                                      RosterId{mark.second});
        if (due.ok()) Tell(*due, mark);
      }
      lock.lock();
    }
  }

  PgHistoryStore& store;
  TransientLane& lane;
  prometheus::Counter& told =
      metrics::Counter("chat_messaging_receipts_total", "Read receipts that were published.");
  std::mutex mutex;
  std::condition_variable stopped;
  bool stopping = false;
  std::map<Mark, steady_clock::time_point> waiting;
  std::thread thread;
};

Receipts::Receipts(PgHistoryStore& store, TransientLane& lane)
    : state_(std::make_unique<State>(store, lane)) {
  state_->thread = std::thread([state = state_.get()] { state->Work(); });
}

Receipts::~Receipts() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->stopped.notify_all();
  state_->thread.join();
}

void Receipts::Tell(const ReceiptsDue& due, FeedId feed, RosterId reader) {
  state_->Tell(due, {feed.value, reader.value});
}

}  // namespace chat::messaging
