#include "libs/net/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

namespace chat::net {

namespace asio = boost::asio;

Loop::Loop() : work_(asio::make_work_guard(context_)) { scratch_.resize(64 * 1024); }

Loop::~Loop() { Stop(); }

void Loop::Start() {
  thread_ = std::thread([this] { context_.run(); });
}

void Loop::Stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Loop::Post(std::function<void()> work) { asio::post(context_, std::move(work)); }

int64_t Loop::NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

struct Every::State : std::enable_shared_from_this<Every::State> {
  State(Loop& loop, int64_t period, std::function<void()> work)
      : timer(loop.context()), period_ms(period), work(std::move(work)) {}

  void Arm() {
    timer.expires_after(std::chrono::milliseconds(period_ms));
    timer.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (error || self->stopped) return;
      self->work();
      if (!self->stopped) self->Arm();
    });
  }

  asio::steady_timer timer;
  int64_t period_ms;
  std::function<void()> work;
  bool stopped = false;
};

Every::Every(Loop& loop, int64_t period_ms, std::function<void()> work)
    : state_(std::make_shared<State>(loop, period_ms, std::move(work))) {
  state_->Arm();
}

Every::~Every() {
  state_->stopped = true;
  state_->timer.cancel();
}

}  // namespace chat::net
