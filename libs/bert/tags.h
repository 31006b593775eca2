#pragma once

#include <cstdint>

namespace chat::bert {

// First byte of every payload.
inline constexpr uint8_t kVersion = 131;

// External Term Format tags that CHAT accepts (CHAT 2.1); any other is malformed.
enum class Tag : uint8_t {
  kNewFloat = 70,
  kCompressed = 80,
  kSmallInteger = 97,
  kInteger = 98,
  kFloat = 99,
  kAtom = 100,
  kSmallTuple = 104,
  kLargeTuple = 105,
  kNil = 106,
  kString = 107,
  kList = 108,
  kBinary = 109,
  kSmallBig = 110,
  kLargeBig = 111,
  kSmallAtom = 115,
  kMap = 116,
  kAtomUtf8 = 118,
  kSmallAtomUtf8 = 119,
};

}  // namespace chat::bert
