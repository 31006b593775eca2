// Room ids that clients leave to us (PROTOCOL 6).
#pragma once

#include <string>

namespace chat::room {

// 16 random hexadecimal digits.
std::string InventRoomId();

}  // namespace chat::room
