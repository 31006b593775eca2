// Time as a dependency, so that tests can move it.
#pragma once

#include <cstdint>

namespace chat {

class Clock {
 public:
  virtual ~Clock() = default;
  // Milliseconds since 1970-01-01 UTC (PROTOCOL 4.4).
  virtual int64_t UnixMs() const = 0;
  // Milliseconds that never go back; the origin is arbitrary.
  virtual int64_t MonotonicMs() const = 0;

  // The machine's clock. Thread safe, lives for ever.
  static const Clock& System();
};

// A clock that stands still until it is moved. Not thread safe.
class FakeClock : public Clock {
 public:
  int64_t UnixMs() const override { return unix_ms_; }
  int64_t MonotonicMs() const override { return monotonic_ms_; }
  void Advance(int64_t ms) {
    unix_ms_ += ms;
    monotonic_ms_ += ms;
  }

 private:
  int64_t unix_ms_ = 1'500'000'000'000;
  int64_t monotonic_ms_ = 0;
};

}  // namespace chat
