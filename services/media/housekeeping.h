// Removes uploads that have waited too long for their next block, on a thread of its own. Any
// number of replicas may do it at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "services/media/object_store.h"

namespace chat::media {

// One sweep: how many uploads it removed, at most 100. A failure is logged and ends it.
int64_t RemoveIdleUploads(ObjectStore& store, const ObjectStore::Erase& erase, int64_t idle_s);

class Housekeeping {
 public:
  // `store` and what `erase` and `also` use outlive it; `also` runs after each sweep.
  Housekeeping(ObjectStore& store, ObjectStore::Erase erase, int64_t idle_s,
               std::chrono::seconds interval, std::function<void()> also);
  ~Housekeeping();  // waits for a running sweep

 private:
  void Run(std::chrono::seconds interval);

  ObjectStore& store_;
  const ObjectStore::Erase erase_;
  const std::function<void()> also_;
  const int64_t idle_s_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chat::media
