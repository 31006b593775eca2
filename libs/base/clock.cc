#include "libs/base/clock.h"

#include <chrono>

namespace chat {
namespace {

template <typename StdClock>
int64_t Milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(StdClock::now().time_since_epoch())
      .count();
}

class SystemClock : public Clock {
 public:
  int64_t UnixMs() const override { return Milliseconds<std::chrono::system_clock>(); }
  int64_t MonotonicMs() const override { return Milliseconds<std::chrono::steady_clock>(); }
};

}  // namespace

const Clock& Clock::System() {
  static const SystemClock* const clock = new SystemClock;
  return *clock;
}

}  // namespace chat
