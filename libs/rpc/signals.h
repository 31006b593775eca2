// SIGTERM and SIGINT as an event. One instance a process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace chat::rpc {

class Signals {
 public:
  // Blocks both in this thread and those that it starts, ignores SIGPIPE, and awaits them on a
  // thread of its own. The second one ends the process with status 1.
  Signals();
  ~Signals();

  // Whether a signal has come, after waiting `longest` for it.
  bool Wait(std::chrono::milliseconds longest);
  void Wait();

 private:
  void Watch();
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace chat::rpc
