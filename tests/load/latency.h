#pragma once

#include <array>
#include <cstdint>

namespace chat::load {

// Durations in microseconds, counted in buckets of 1/32 relative width. 16 KiB, no allocation.
class Latency {
 public:
  void Add(int64_t micros);
  uint64_t count() const { return count_; }
  int64_t max() const { return max_; }
  // The upper edge of the bucket that holds the share `part` (0 to 1), at most max(). 0 if empty.
  int64_t Quantile(double part) const;
  void Clear();

 private:
  std::array<uint64_t, 2048> buckets_{};
  uint64_t count_ = 0;
  int64_t max_ = 0;
};

}  // namespace chat::load
