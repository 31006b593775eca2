#include "services/gateway/fanout/pending_names.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "libs/base/clock.h"
#include "libs/redis/client.h"

namespace chat::gateway {

namespace {

constexpr int64_t kLeaseMs = 6'000;
constexpr int64_t kRenewMs = 2'000;

// Only if it is still the gateway's own.
constexpr char kRelease[] =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

std::string Key(const std::string& client_id) { return "pending:" + client_id; }

}  // namespace

struct PendingNames::State {
  struct Question {
    std::string client_id;
    std::function<void(bool)> done;
  };

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
      wake.wait_for(lock, std::chrono::milliseconds(kRenewMs),
                    [&] { return stopping || !fresh.empty() || !gone.empty() || !asked.empty(); });
      const int64_t now = Clock::System().MonotonicMs();
      if (now >= renew_at) {
        fresh.insert(held.begin(), held.end());
        renew_at = now + kRenewMs;
      }
      const auto hold = std::exchange(fresh, {});
      const auto release = std::exchange(gone, {});
      const auto questions = std::exchange(asked, {});
      lock.unlock();
      Send(hold, release, questions);
      lock.lock();
    }
    const auto all = std::exchange(held, {});
    const auto questions = std::exchange(asked, {});
    lock.unlock();
    Send({}, all, questions);
  }

  void Send(const std::set<std::string>& hold, const std::set<std::string>& release,
            const std::vector<Question>& questions) {
    std::vector<std::vector<std::string>> commands;
    for (const Question& question : questions) commands.push_back({"GET", Key(question.client_id)});
    for (const std::string& id : hold) {
      commands.push_back({"SET", Key(id), gateway, "PX", std::to_string(kLeaseMs)});
    }
    for (const std::string& id : release) {
      commands.push_back({"EVAL", kRelease, "1", Key(id), gateway});
    }
    if (commands.empty()) return;
    const auto answers = redis.Run(commands);
    const bool known = answers.ok() && answers->size() == commands.size();
    for (size_t i = 0; i < questions.size(); ++i) {
      questions[i].done(known && (*answers)[i].has_value() && *(*answers)[i] != gateway);
    }
  }

  redis::Client redis;
  const std::string gateway;
  std::mutex mutex;
  std::condition_variable wake;
  std::set<std::string> held;
  std::set<std::string> fresh;
  std::set<std::string> gone;
  std::vector<Question> asked;
  bool stopping = false;
  std::thread thread;
};

PendingNames::PendingNames(std::string redis, std::string gateway)
    : state_(std::make_unique<State>(std::move(redis), std::move(gateway))) {}

PendingNames::~PendingNames() = default;

void PendingNames::Hold(const std::string& client_id) {
  std::lock_guard lock(state_->mutex);
  state_->gone.erase(client_id);
  if (!state_->held.insert(client_id).second) return;
  state_->fresh.insert(client_id);
  state_->wake.notify_all();
}

void PendingNames::Release(const std::string& client_id) {
  std::lock_guard lock(state_->mutex);
  if (state_->held.erase(client_id) == 0) return;
  state_->fresh.erase(client_id);
  state_->gone.insert(client_id);
  state_->wake.notify_all();
}

void PendingNames::AskElsewhere(const std::string& client_id, std::function<void(bool)> done) {
  std::lock_guard lock(state_->mutex);
  state_->asked.push_back({client_id, std::move(done)});
  state_->wake.notify_all();
}

}  // namespace chat::gateway
