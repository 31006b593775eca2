#include "services/gateway/fanout/presence_leases.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "libs/base/clock.h"
#include "libs/redis/client.h"

namespace chat::gateway {

namespace {

constexpr int64_t kLeaseMs = 15'000;
constexpr int64_t kRenewMs = 5'000;
constexpr int64_t kGraceMs = 5'000;
constexpr size_t kPipeline = 500;  // accounts in one round trip

}  // namespace

struct PresenceLeases::State {
  State(std::string address, std::string name)
      : redis(std::move(address), 1), gateway(std::move(name)), thread([this] { Work(); }) {}

  ~State() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    thread.join();
  }

  void Work() {
    std::unique_lock lock(mutex);
    int64_t renew_at = Clock::System().MonotonicMs() + kRenewMs;
    while (!stopping) {
      wake.wait_for(lock, std::chrono::milliseconds(200));
      const int64_t now = Clock::System().MonotonicMs();
      std::vector<int64_t> add(fresh.begin(), fresh.end()), drop;
      fresh.clear();
      if (now >= renew_at) {
        add.clear();
        for (const auto& [account, count] : live) add.push_back(account);
        renew_at = now + kRenewMs;
      }
      for (auto it = leaving.begin(); it != leaving.end();) {
        if (it->second > now && !stopping) {
          ++it;
          continue;
        }
        drop.push_back(it->first);
        it = leaving.erase(it);
      }
      lock.unlock();
      Send(add, drop);
      lock.lock();
    }
    std::vector<int64_t> all;
    for (const auto& [account, count] : live) all.push_back(account);
    lock.unlock();
    Send({}, all);
  }

  // Failures are harmless: leases are rewritten, or end.
  void Send(const std::vector<int64_t>& add, const std::vector<int64_t>& drop) {
    const std::string end = std::to_string(Clock::System().UnixMs() + kLeaseMs);
    std::vector<std::vector<std::string>> commands;
    auto flush = [&] {
      if (!commands.empty()) (void)redis.Run(commands).ok();
      commands.clear();
    };
    for (int64_t account : add) {
      const std::string key = "online:" + std::to_string(account);
      commands.push_back({"ZADD", key, end, gateway});
      commands.push_back({"PEXPIRE", key, std::to_string(2 * kLeaseMs)});
      if (commands.size() >= 2 * kPipeline) flush();
    }
    for (int64_t account : drop) {
      commands.push_back({"ZREM", "online:" + std::to_string(account), gateway});
      if (commands.size() >= kPipeline) flush();
    }
    flush();
  }

  redis::Client redis;
  const std::string gateway;
  std::mutex mutex;
  std::condition_variable wake;
  std::map<int64_t, int> live;
  std::set<int64_t> fresh;
  std::map<int64_t, int64_t> leaving;  // account -> when its grace ends
  bool stopping = false;
  std::thread thread;
};

PresenceLeases::PresenceLeases(std::string redis, std::string gateway)
    : state_(std::make_unique<State>(std::move(redis), std::move(gateway))) {}

PresenceLeases::~PresenceLeases() = default;

void PresenceLeases::Add(int64_t account) {
  std::lock_guard lock(state_->mutex);
  if (state_->live[account]++ > 0) return;
  if (state_->leaving.erase(account) == 0) {
    state_->fresh.insert(account);
    state_->wake.notify_all();
  }
}

void PresenceLeases::Remove(int64_t account) {
  std::lock_guard lock(state_->mutex);
  auto found = state_->live.find(account);
  if (found == state_->live.end() || --found->second > 0) return;
  state_->live.erase(found);
  state_->fresh.erase(account);
  state_->leaving[account] = Clock::System().MonotonicMs() + kGraceMs;
}

}  // namespace chat::gateway
