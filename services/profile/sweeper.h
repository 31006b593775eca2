// Carries on what a crash or a failure has left: removals and renames that nobody finished. Deletes
// what has expired. A thread of its own; several replicas share the work.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/profile/phone_moves.h"
#include "services/profile/removals.h"

namespace chat::profile {

class Sweeper {
 public:
  struct Work {
    LifeStore& lives;
    LinkStore& links;
    Removals& removals;
    PhoneMoves& moves;
  };
  // All of `work` outlives the sweeper.
  Sweeper(Work work, std::chrono::milliseconds interval);
  ~Sweeper();  // awaits the step under way, 25 s at most

  // One round, on the caller's thread.
  void Sweep();

 private:
  void Run(std::chrono::milliseconds interval);
  bool Stopped();

  const Work work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace chat::profile
