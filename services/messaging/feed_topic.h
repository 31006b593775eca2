// Topics that name a feed or its neighbourhood (PROTOCOL 1.3), as far as messaging knows them.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace chat::messaging {

struct FeedTopic {
  enum class Kind { kNone, kP2p, kRoom, kSes, kAc, kMuc };
  Kind kind = Kind::kNone;
  std::string one;    // phone id, room, or phone
  std::string other;  // of a p2p topic

  // kNone for anything else, also for a p2p topic whose halves are not sorted (PROTOCOL 6.4).
  static FeedTopic Parse(std::string_view topic);
};

}  // namespace chat::messaging
