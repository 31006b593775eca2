#include "services/messaging/housekeeping.h"

#include <chrono>

#include "libs/base/status.h"
#include "libs/log/log.h"

namespace chat::messaging {

namespace {

constexpr std::chrono::seconds kInterval{10};
constexpr std::chrono::seconds kTimeout{5};

}  // namespace

Housekeeping::Housekeeping(PgSessionStore& sessions, PgProjectionStore& projections, Editor& editor,
                           PgOpenStore& open, int64_t notice_life_s)
    : sessions_(sessions),
      projections_(projections),
      editor_(editor),
      open_(open),
      notice_life_s_(notice_life_s) {
  thread_ = std::thread([this] { Run(); });
}

Housekeeping::~Housekeeping() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::Run() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kInterval, [this] { return stopping_; })) {
    lock.unlock();
    absl::Status swept = sessions_.DeleteExpired(std::chrono::steady_clock::now() + kTimeout);
    swept.Update(projections_.Prune(std::chrono::steady_clock::now() + kTimeout, notice_life_s_));
    swept.Update(editor_.DropUploads(rpc::Background(kTimeout)));
    swept.Update(open_.Prune(std::chrono::steady_clock::now() + kTimeout));
    if (!swept.ok()) log::Warn("expired rows are not deleted", {{"why", Message(swept)}});
    lock.lock();
  }
}

}  // namespace chat::messaging
