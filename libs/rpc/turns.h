// How many bodies of synchronous handlers run at once in this process. A call more waits for its
// turn, first come first served, until its deadline: a burst is served late rather than refused.
// How many may wait is bounded by the server's threads (see Configure()), one for each. Thread
// safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace chat::rpc {

class Turns {
 public:
  // 0: no bound. Call it before the server is built.
  void SetLimit(int limit);

  // Waits for a turn; true: call End() afterwards. False: the deadline has passed.
  bool Begin(std::chrono::steady_clock::time_point deadline);
  void End();

  size_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable wake;
    bool called = false;  // the turn of the one who ended is this one's
  };

  mutable std::mutex mutex_;
  std::deque<Waiter*> waiting_;
  int limit_ = 0;
  int running_ = 0;
};

// Of this process's servers.
Turns& ProcessTurns();

}  // namespace chat::rpc
