#include "services/gateway/fanout/presence_leases.h"

#include <algorithm>
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

constexpr int64_t kLeaseMs = 12'000;
constexpr int64_t kRenewMs = 5'000;
constexpr int64_t kGraceMs = 5'000;
constexpr size_t kPipeline = 500;  // accounts in one round trip

// Takes the lease of gateway ARGV[1] away; the account ARGV[3] is online as long as the last one
// that is left, or until ARGV[2].
constexpr char kDrop[] =
    "redis.call('ZREM', KEYS[1], ARGV[1]) "
    "local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES') "
    "return redis.call('ZADD', KEYS[2], 'XX', last[2] or ARGV[2], ARGV[3])";

}  // namespace

struct PresenceLeases::State {
  State(std::string address, std::string name, Came came_)
      : redis(std::move(address), 1),
        gateway(std::move(name)),
        came(std::move(came_)),
        thread([this] { Work(); }) {}

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
    // Its devices go to another gateway now: time for them to come there.
    Send({}, all, kGraceMs);
  }

  // Failures are harmless: leases are rewritten, or end.
  void Send(const std::vector<int64_t>& add, const std::vector<int64_t>& drop,
            int64_t grace_ms = 0) {
    const std::string end = std::to_string(Clock::System().UnixMs() + kLeaseMs);
    for (size_t begin = 0; begin < add.size(); begin += kPipeline) {
      Renew({add.begin() + begin, add.begin() + std::min(add.size(), begin + kPipeline)}, end);
    }
    const std::string until = std::to_string(Clock::System().UnixMs() + grace_ms);
    std::vector<std::vector<std::string>> commands;
    for (int64_t account : drop) {
      const std::string id = std::to_string(account);
      commands.push_back({"EVAL", kDrop, "2", "online:" + id, "online", gateway, until, id});
      if (commands.size() < kPipeline) continue;
      (void)redis.Run(commands).ok();
      commands.clear();
    }
    if (!commands.empty()) (void)redis.Run(commands).ok();
  }

  void Renew(const std::vector<int64_t>& accounts, const std::string& end) {
    std::vector<std::vector<std::string>> commands;
    for (int64_t account : accounts) {
      const std::string key = "online:" + std::to_string(account);
      commands.push_back({"ZADD", key, end, gateway});
      commands.push_back({"PEXPIRE", key, std::to_string(2 * kLeaseMs)});
      commands.push_back({"ZADD", "online", "GT", end, std::to_string(account)});
    }
    const auto answers = redis.Run(commands);
    if (!answers.ok() || answers->size() != commands.size()) return;
    std::vector<int64_t> first;
    for (size_t i = 0; i < accounts.size(); ++i) {
      if ((*answers)[3 * i + 2] == "1") first.push_back(accounts[i]);
    }
    if (!first.empty()) came(first);
  }

  redis::Client redis;
  const std::string gateway;
  const Came came;
  std::mutex mutex;
  std::condition_variable wake;
  std::map<int64_t, int> live;
  std::set<int64_t> fresh;
  std::map<int64_t, int64_t> leaving;  // account -> when its grace ends
  bool stopping = false;
  std::thread thread;
};

PresenceLeases::PresenceLeases(std::string redis, std::string gateway, Came came)
    : state_(std::make_unique<State>(std::move(redis), std::move(gateway), std::move(came))) {}

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
