#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/mqtt/packet.h"
#include "libs/mqtt/reason.h"

// Bodies of the control packets. Private to the decoder.
namespace chat::mqtt {

using Failure = std::optional<ProtocolError>;

constexpr ProtocolError Malformed(const char* clause, const char* text) {
  return {Reason::kMalformedPacket, clause, text};
}

// Decodes what follows the fixed header. `packet` then holds views into `bytes`. A CONNECT sets
// `level` to its protocol level, even when that is refused.
Failure ReadBody(PacketType type, uint8_t flags, std::string_view bytes, uint8_t& level,
                 Packet& packet);

}  // namespace chat::mqtt
