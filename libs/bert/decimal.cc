#include "libs/bert/decimal.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace chat::bert {
namespace {

constexpr uint64_t kChunk = 1000000000;
constexpr size_t kChunkDigits = 9;

// Little-endian 32-bit limbs.
std::vector<uint32_t> ToLimbs(std::string_view magnitude) {
  std::vector<uint32_t> limbs((magnitude.size() + 3) / 4);
  for (size_t i = 0; i < magnitude.size(); ++i) {
    limbs[i / 4] |= uint32_t{static_cast<unsigned char>(magnitude[i])} << 8 * (i % 4);
  }
  return limbs;
}

// Divides by kChunk in place and returns the remainder.
uint32_t DivideByChunk(std::vector<uint32_t>& limbs) {
  uint64_t remainder = 0;
  for (size_t i = limbs.size(); i-- > 0;) {
    const uint64_t value = remainder << 32 | limbs[i];
    limbs[i] = static_cast<uint32_t>(value / kChunk);
    remainder = value % kChunk;
  }
  while (!limbs.empty() && limbs.back() == 0) limbs.pop_back();
  return static_cast<uint32_t>(remainder);
}

void MultiplyAdd(std::vector<uint32_t>& limbs, uint64_t factor, uint64_t carry) {
  for (uint32_t& limb : limbs) {
    const uint64_t value = limb * factor + carry;
    limb = static_cast<uint32_t>(value);
    carry = value >> 32;
  }
  if (carry != 0) limbs.push_back(static_cast<uint32_t>(carry));
}

}  // namespace

std::string MagnitudeToDecimal(std::string_view magnitude) {
  std::vector<uint32_t> limbs = ToLimbs(magnitude);
  std::string reversed;
  while (!limbs.empty()) {
    uint32_t chunk = DivideByChunk(limbs);
    for (size_t i = 0; i < kChunkDigits; ++i, chunk /= 10) {
      reversed.push_back(static_cast<char>('0' + chunk % 10));
    }
  }
  while (!reversed.empty() && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) return "0";
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::string DecimalToMagnitude(std::string_view digits) {
  std::vector<uint32_t> limbs;
  while (!digits.empty()) {
    const std::string_view chunk = digits.substr(0, kChunkDigits);
    digits.remove_prefix(chunk.size());
    uint64_t value = 0;
    uint64_t factor = 1;
    for (const char digit : chunk) {
      value = value * 10 + static_cast<uint64_t>(digit - '0');
      factor *= 10;
    }
    MultiplyAdd(limbs, factor, value);
  }
  std::string magnitude;
  for (const uint32_t limb : limbs) {
    for (int shift = 0; shift < 32; shift += 8)
      magnitude.push_back(static_cast<char>(limb >> shift));
  }
  while (!magnitude.empty() && magnitude.back() == '\0') magnitude.pop_back();
  return magnitude;
}

}  // namespace chat::bert
