// Room ids (PROTOCOL 6).
#pragma once

#include <string>
#include <string_view>

namespace chat::room {

// 1 to 128 bytes of UTF-8 (a topic ends in it), none of `/ + #`, no control character, not of the
// form of a phone id.
bool IsRoomId(std::string_view id);

// 16 random hexadecimal digits.
std::string InventRoomId();

}  // namespace chat::room
