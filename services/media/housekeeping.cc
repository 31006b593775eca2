#include "services/media/housekeeping.h"

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::media {

int64_t RemoveIdleUploads(ObjectStore& store, const ObjectStore::Erase& erase, int64_t idle_s) {
  const pg::Deadline deadline = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  int64_t removed = 0;
  const auto remove = [&]() -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(std::vector<TransferKey> idle, store.Idle(deadline, idle_s));
    for (const TransferKey& key : idle) {
      CHAT_ASSIGN_OR_RETURN(bool gone, store.Cancel(deadline, key, erase, idle_s));
      removed += gone;
    }
    return absl::OkStatus();
  };
  absl::Status status = remove();
  if (!status.ok()) {
    log::Warn("uploads that waited too long could not be removed", {{"why", Message(status)}});
  }
  metrics::Counter("chat_media_expired_uploads_total", "Uploads that waited too long")
      .Increment(static_cast<double>(removed));
  return removed;
}

Housekeeping::Housekeeping(ObjectStore& store, ObjectStore::Erase erase, int64_t idle_s,
                           std::chrono::seconds interval, std::function<void()> also)
    : store_(store),
      erase_(std::move(erase)),
      also_(std::move(also)),
      idle_s_(idle_s),
      thread_([this, interval] { Run(interval); }) {}

Housekeeping::~Housekeeping() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::Run(std::chrono::seconds interval) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stop_; })) {
    lock.unlock();
    RemoveIdleUploads(store_, erase_, idle_s_);
    also_();
    lock.lock();
  }
}

}  // namespace chat::media
