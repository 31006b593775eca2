#include "services/roster/presence_sweep.h"

#include <chrono>
#include <vector>

namespace chat::roster {
namespace {

constexpr std::chrono::seconds kInterval{1};
constexpr int kPage = 500;

}  // namespace

PresenceSweep::PresenceSweep(Presence& presence, Herald& herald)
    : presence_(presence), herald_(herald), thread_([this] { Run(); }) {}

PresenceSweep::~PresenceSweep() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void PresenceSweep::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kInterval, [this] { return stopping_; })) {
    lock.unlock();
    while (herald_.has_room()) {
      const std::vector<AccountId> ended = presence_.TakeEnded(kPage);
      for (AccountId account : ended) herald_.Changed(account);
      if (ended.size() < kPage) break;
    }
    lock.lock();
  }
}

}  // namespace chat::roster
