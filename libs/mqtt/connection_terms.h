#pragma once

#include <cstdint>

#include "libs/mqtt/connection.h"
#include "libs/mqtt/topic_alias.h"

// Private to connection*.cc.
namespace chat::mqtt {

// What a client of 5.0 said in CONNECT, and its aliases.
struct Connection::Terms {
  explicit Terms(uint16_t aliases) : outbound(aliases) {}
  uint32_t session_expiry_s = 0;
  uint32_t max_packet_size = UINT32_MAX;
  uint16_t receive_maximum = 65535;
  bool wants_response_info = false;
  InboundAliases inbound;
  OutboundAliases outbound;
};

}  // namespace chat::mqtt
