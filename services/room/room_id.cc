#include "services/room/room_id.h"

#include <cstdint>
#include <random>

namespace chat::room {

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
