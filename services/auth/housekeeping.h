// Deletes expired rows, a bounded batch a tick, on a thread of its own. Any number of replicas may
// sweep at once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/auth/session_store.h"

namespace chat::auth {

class Housekeeping {
 public:
  Housekeeping(SessionStore& store, std::chrono::seconds interval);
  ~Housekeeping();  // waits for a running sweep, at most 5 s

 private:
  void Run(std::chrono::seconds interval);

  SessionStore& store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chat::auth
