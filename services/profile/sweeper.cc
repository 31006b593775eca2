#include "services/profile/sweeper.h"

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::profile {
namespace {

constexpr std::chrono::seconds kRemovalLimit{25};
constexpr std::chrono::seconds kStatementLimit{5};

pg::Deadline Soon() { return std::chrono::steady_clock::now() + kStatementLimit; }

void Told(const char* what, const Unsettled& account, const absl::Status& status) {
  metrics::Counter("chat_profile_carried_on_total",
                   "Removals and renames that the sweeper took up, by outcome",
                   {{"what", what}, {"outcome", status.ok() ? "done" : "failed"}})
      .Increment();
  if (status.ok()) {
    log::Info("an account's change was finished", {{"what", what}, {"account", account.id.value}});
  } else {
    log::Warn("an account's change could not be finished yet",
              {{"what", what}, {"account", account.id.value}, {"why", Message(status)}});
  }
}

void WarnUnlessOk(const absl::Status& status) {
  if (!status.ok()) log::Warn("a sweep failed", {{"why", Message(status)}});
}

}  // namespace

Sweeper::Sweeper(Work work, std::chrono::milliseconds interval)
    : work_(work), thread_([this, interval] { Run(interval); }) {}

Sweeper::~Sweeper() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool Sweeper::Stopped() {
  std::lock_guard lock(mutex_);
  return stop_;
}

void Sweeper::Sweep() {
  absl::StatusOr<std::vector<Unsettled>> removals = work_.lives.ClaimRemovals(Soon());
  WarnUnlessOk(removals.status());
  if (removals.ok()) {
    for (const Unsettled& account : *removals) {
      if (Stopped()) return;
      Told("removal", account, work_.removals.Finish(rpc::Background(kRemovalLimit), account));
    }
  }
  absl::StatusOr<std::vector<Unsettled>> renames = work_.lives.ClaimRenames(Soon());
  WarnUnlessOk(renames.status());
  if (renames.ok()) {
    for (const Unsettled& account : *renames) {
      if (Stopped()) return;
      Told("rename", account, work_.moves.Settle(rpc::Background(kRemovalLimit), account));
    }
  }
  WarnUnlessOk(work_.links.Sweep(Soon()).status());
  WarnUnlessOk(work_.lives.Sweep(Soon()).status());
}

void Sweeper::Run(std::chrono::milliseconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stop_; })) {
    lock.unlock();
    Sweep();
    lock.lock();
  }
}

}  // namespace chat::profile
