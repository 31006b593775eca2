#pragma once

#include <algorithm>
#include <cstdint>

namespace chat::gateway {

// A token bucket over monotonic milliseconds: `rate` a second, bursts of one second. 0: unlimited.
// Pure.
class TokenBucket {
 public:
  explicit TokenBucket(int64_t rate) : rate_(rate), milli_(rate * 1000) {}

  bool Take(int64_t now_ms) {
    if (rate_ == 0) return true;
    if (last_ms_ != 0) milli_ = std::min(rate_ * 1000, milli_ + (now_ms - last_ms_) * rate_);
    last_ms_ = now_ms;
    if (milli_ < 1000) return false;
    milli_ -= 1000;
    return true;
  }

  // Milliseconds until Take() can succeed again.
  int64_t WaitMs() const { return rate_ == 0 || milli_ >= 1000 ? 0 : (1000 - milli_) / rate_ + 1; }

 private:
  int64_t rate_;
  int64_t milli_;
  int64_t last_ms_ = 0;
};

}  // namespace chat::gateway
