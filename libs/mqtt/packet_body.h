#pragma once

#include <string_view>

#include "libs/mqtt/body_reader.h"
#include "libs/mqtt/codec.h"
#include "libs/mqtt/packet.h"

// Bodies of the control packets. Private to the decoder.
namespace chat::mqtt {

// Decodes what follows the fixed header in the framing of `level` (5.0's from 5 on). `packet` then
// holds views into `bytes`.
Failure ReadBody(Role role, PacketType type, uint8_t flags, std::string_view bytes, uint8_t level,
                 Packet& packet);

// CONNECT. Sets `level` to its protocol level, even when that is refused; of an unknown one it is 5
// where the rest is framed as 5.0 frames it, else 4.
Failure ReadConnect(std::string_view bytes, Connect& connect, uint8_t& level);

}  // namespace chat::mqtt
