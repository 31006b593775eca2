#include "services/room/room_id.h"

#include <cstdint>
#include <random>

#include "libs/base/ids.h"

namespace chat::room {
namespace {

// The code point at the front of strict UTF-8, and its length; length 0 when it is none.
struct Point {
  uint32_t value = 0;
  size_t length = 0;
};

Point Front(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (length == 0 || lead > 0xf4 || length > text.size()) return {};
  uint32_t value = length == 1 ? lead : lead & (0x7f >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3f);
  }
  const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (overlong || surrogate || value > 0x10ffff) return {};
  return {value, length};
}

bool IsControl(uint32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

}  // namespace

bool IsRoomId(std::string_view id) {
  if (id.empty() || id.size() > 128 || PhoneId::Parse(id)) return false;
  while (!id.empty()) {
    const Point point = Front(id);
    if (point.length == 0 || IsControl(point.value)) return false;
    if (point.value == '/' || point.value == '+' || point.value == '#') return false;
    id.remove_prefix(point.length);
  }
  return true;
}

std::string InventRoomId() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device random;
  std::string id;
  while (id.size() < 16) {
    for (uint32_t bits = random(), i = 0; i < 8; ++i, bits >>= 4) id += kHex[bits & 15];
  }
  return id;
}

}  // namespace chat::room
