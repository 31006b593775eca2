#include "tests/load/latency.h"

#include <algorithm>
#include <bit>

namespace chat::load {

namespace {

// 0 to 31 exactly, then 32 buckets for each doubling.
size_t BucketOf(uint64_t value) {
  if (value < 32) return value;
  const auto shift = static_cast<size_t>(std::bit_width(value)) - 6;
  return (shift + 1) * 32 + (value >> shift) - 32;
}

int64_t UpperEdge(size_t bucket) {
  if (bucket < 32) return static_cast<int64_t>(bucket);
  const size_t shift = bucket / 32 - 1;
  return static_cast<int64_t>(((bucket % 32 + 33) << shift) - 1);
}

}  // namespace

void Latency::Add(int64_t micros) {
  const int64_t value = std::max<int64_t>(micros, 0);
  ++buckets_[BucketOf(static_cast<uint64_t>(value))];
  ++count_;
  max_ = std::max(max_, value);
}

int64_t Latency::Quantile(double part) const {
  if (count_ == 0) return 0;
  const auto wanted = static_cast<uint64_t>(part * static_cast<double>(count_ - 1)) + 1;
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return std::min(UpperEdge(bucket), max_);
  }
  return max_;
}

void Latency::Clear() { *this = Latency(); }

}  // namespace chat::load
