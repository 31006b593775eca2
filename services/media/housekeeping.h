// Removes uploads that have waited too long for their next block, on a thread of its own. Any
// number of replicas may do it at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/media/object_files.h"
#include "services/media/object_store.h"

namespace chat::media {

// One sweep: how many uploads it removed, at most 100. A failure is logged and ends it.
int64_t RemoveIdleUploads(ObjectStore& store, const ObjectFiles& files, int64_t idle_s);

class Housekeeping {
 public:
  // Both outlive it.
  Housekeeping(ObjectStore& store, const ObjectFiles& files, int64_t idle_s,
               std::chrono::seconds interval);
  ~Housekeeping();  // waits for a running sweep

 private:
  void Run(std::chrono::seconds interval);

  ObjectStore& store_;
  const ObjectFiles& files_;
  const int64_t idle_s_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chat::media
