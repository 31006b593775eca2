// One event loop: an io_context and the thread that runs it. Everything that lives on a loop is
// touched on its thread only; other threads reach it by Post.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace chat::net {

class Loop {
 public:
  Loop();
  ~Loop();  // stops and joins
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void Start();
  // Ends the loop's thread after the handlers that run now; what was posted later is dropped. Not
  // from the loop itself.
  void Stop();

  // Any thread. Handlers run in the order of posting.
  void Post(std::function<void()> work);
  bool InLoop() const { return std::this_thread::get_id() == thread_.get_id(); }

  boost::asio::io_context& context() { return context_; }
  // 64 KiB of the loop's own, for whoever reads right now: connections hold no read buffer.
  std::string& scratch() { return scratch_; }

  // Milliseconds of a monotonic clock, read once per handler is enough.
  static int64_t NowMs();

 private:
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::string scratch_;
  std::thread thread_;
};

// Runs `work` on the loop every `period_ms`, first after one period, until destroyed. Create, use
// and destroy on the loop.
class Every {
 public:
  Every(Loop& loop, int64_t period_ms, std::function<void()> work);
  ~Every();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace chat::net
