#include "tests/load/poller.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace chat::load {

namespace {

epoll_event Interest(bool for_writing, Poller::Watcher& watcher) {
  epoll_event event{};
  event.events = EPOLLIN | (for_writing ? uint32_t{EPOLLOUT} : 0);
  event.data.ptr = &watcher;
  return event;
}

// Only a full system or a wrong descriptor brings it here.
void MustBeDone(bool done) {
  if (done) return;
  std::perror("epoll");
  std::abort();
}

}  // namespace

Poller::Poller() : descriptor_(epoll_create1(EPOLL_CLOEXEC)) { MustBeDone(descriptor_ >= 0); }

Poller::~Poller() { close(descriptor_); }

void Poller::Add(int descriptor, bool for_writing, Watcher& watcher) {
  epoll_event event = Interest(for_writing, watcher);
  MustBeDone(epoll_ctl(descriptor_, EPOLL_CTL_ADD, descriptor, &event) == 0);
}

void Poller::Change(int descriptor, bool for_writing, Watcher& watcher) {
  epoll_event event = Interest(for_writing, watcher);
  MustBeDone(epoll_ctl(descriptor_, EPOLL_CTL_MOD, descriptor, &event) == 0);
}

void Poller::Remove(int descriptor) { epoll_ctl(descriptor_, EPOLL_CTL_DEL, descriptor, nullptr); }

void Poller::Wait(int timeout_ms) {
  std::array<epoll_event, 512> events;
  const int count =
      epoll_wait(descriptor_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    static_cast<Watcher*>(events[static_cast<size_t>(i)].data.ptr)
        ->OnReady(events[static_cast<size_t>(i)].events);
  }
}

}  // namespace chat::load
