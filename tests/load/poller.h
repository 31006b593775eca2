#pragma once

#include <cstdint>

namespace chat::load {

// epoll. Owns its descriptor, not those it watches. Not thread-safe.
class Poller {
 public:
  class Watcher {
   public:
    virtual void OnReady(uint32_t events) = 0;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP

   protected:
    ~Watcher() = default;
  };

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // The watcher outlives the poller, since one that was removed may still get an event of this
  // round.
  void Add(int descriptor, bool for_writing, Watcher& watcher);
  void Change(int descriptor, bool for_writing, Watcher& watcher);
  void Remove(int descriptor);
  // One round: waits up to `timeout_ms` for something, and hands it out.
  void Wait(int timeout_ms);

 private:
  int descriptor_;
};

}  // namespace chat::load
