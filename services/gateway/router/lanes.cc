#include "services/gateway/router/lanes.h"

#include <algorithm>
#include <utility>

#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::gateway {

namespace {

using std::chrono::steady_clock;

// The same on every gateway and in every version: FNV-1a.
uint64_t HashOf(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3u;
  return hash;
}

// Of splitmix64: every bit of the result depends on every bit of both.
uint64_t Score(uint64_t feed, uint64_t replica) {
  uint64_t mixed = feed + replica * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
  return mixed ^ (mixed >> 31);
}

}  // namespace

Lanes::Lanes(std::vector<std::string> addresses, Open open, Resolve resolve)
    : configured_(std::move(addresses)),
      open_(std::move(open)),
      resolve_(std::move(resolve)),
      resolved_(configured_.size()) {
  Refresh(steady_clock::now());
}

Lanes::~Lanes() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Lanes::Start() {
  thread_ = std::thread([this] {
    std::unique_lock lock(mutex_);
    while (!stopped_.wait_for(lock, kPeriod, [this] { return stopping_; })) {
      lock.unlock();
      Refresh(steady_clock::now());
      lock.lock();
    }
  });
}

std::shared_ptr<const Lanes::Set> Lanes::set() const {
  std::lock_guard lock(mutex_);
  return set_;
}

std::vector<std::string> Lanes::Addresses() {
  std::vector<std::string> all;
  for (size_t i = 0; i < configured_.size(); ++i) {
    std::vector<std::string> now = resolve_(configured_[i]);
    if (!now.empty()) resolved_[i] = std::move(now);
    all.insert(all.end(), resolved_[i].begin(), resolved_[i].end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

void Lanes::Refresh(Time now) {
  static prometheus::Gauge& count = metrics::Gauge(
      "chat_gateway_messaging_lanes", "Replicas of messaging that get the sends of feeds");
  std::vector<std::string> addresses = Addresses();
  Set kept;
  std::vector<std::shared_ptr<Lane>> gone;  // ends when nobody waits for the mutex
  const std::shared_ptr<const Set> before = set();
  for (Entry entry : *before) {
    const auto found = std::lower_bound(addresses.begin(), addresses.end(), entry.address);
    const bool named = found != addresses.end() && *found == entry.address;
    if (named) addresses.erase(found);
    if (entry.named && !named)
      log::Info("a replica of messaging has gone", {{"at", entry.address}});
    entry.named = named;
    if (named || entry.lane->pending() > 0) entry.left = now;
    if (now - entry.left > kLinger) {
      gone.push_back(std::move(entry.lane));
    } else {
      kept.push_back(std::move(entry));
    }
  }
  for (const std::string& address : addresses) {
    log::Info("a lane to a replica of messaging", {{"at", address}});
    kept.push_back({next_++, address, HashOf(address), open_(address), true, now});
  }
  count.Set(static_cast<double>(
      std::count_if(kept.begin(), kept.end(), [](const Entry& entry) { return entry.named; })));
  std::lock_guard lock(mutex_);
  set_ = std::make_shared<const Set>(std::move(kept));
}

uint64_t Lanes::For(uint64_t hash) const {
  const std::shared_ptr<const Set> lanes = set();
  uint64_t first = 0;
  // The best, and while that is not healthy the next best; looking at health costs the most.
  for (uint64_t below = UINT64_MAX;;) {
    const Entry* best = nullptr;
    uint64_t best_score = 0;
    for (const Entry& entry : *lanes) {
      const uint64_t score = Score(hash, entry.hash);
      if (!entry.named || score >= below || (best != nullptr && score <= best_score)) continue;
      best = &entry;
      best_score = score;
    }
    if (best == nullptr) return first;
    if (best->lane->healthy()) return best->number;
    if (first == 0) first = best->number;
    below = best_score;
  }
}

bool Lanes::Call(uint64_t lane, v1::OrderedCall& call, std::chrono::milliseconds timeout,
                 Lane::Done& done) {
  const std::shared_ptr<const Set> lanes = set();
  for (const Entry& entry : *lanes) {
    if (entry.number != lane) continue;
    entry.lane->Call(std::move(call), timeout, std::move(done));
    return true;
  }
  return false;
}

void Lanes::Flush() {
  const std::shared_ptr<const Set> lanes = set();
  for (const Entry& entry : *lanes) entry.lane->Flush();
}

void Lanes::Expire() {
  const std::shared_ptr<const Set> lanes = set();
  for (const Entry& entry : *lanes) entry.lane->Expire();
}

}  // namespace chat::gateway
