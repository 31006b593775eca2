#include "libs/rpc/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>

#include "libs/log/log.h"

namespace chat::rpc {
namespace {

sigset_t Ends() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

Signals::Signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set = Ends();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  wake_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { Watch(); });
}

Signals::~Signals() {
  uint64_t one = 1;
  if (::write(wake_, &one, sizeof one) > 0) thread_.join();
  ::close(wake_);
}

void Signals::Watch() {
  sigset_t set = Ends();
  int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
  pollfd events[] = {{signals, POLLIN, 0}, {wake_, POLLIN, 0}};
  for (bool first = true;;) {
    if (::poll(events, 2, -1) < 0) continue;
    if (events[1].revents != 0) break;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    if (!first) {
      log::Warn("a second signal: the process ends at once");
      ::_exit(1);
    }
    first = false;
    log::Info("the process is to end", {{"signal", info.ssi_signo}});
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
  }
  ::close(signals);
}

bool Signals::Wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, longest, [this] { return stop_; });
}

void Signals::Wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_; });
}

}  // namespace chat::rpc
