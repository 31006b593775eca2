// Finds out, once a second, whose last lease has ended and has the herald tell it. Every replica
// sweeps; each ended account is told by one of them. So a crash of a gateway shows within a second
// of the end of its leases (PROTOCOL O28).
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "services/roster/herald.h"
#include "services/roster/presence.h"

namespace chat::roster {

class PresenceSweep {
 public:
  // Both must outlive it.
  PresenceSweep(Presence& presence, Herald& herald);
  ~PresenceSweep();

 private:
  void Run();

  Presence& presence_;
  Herald& herald_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chat::roster
