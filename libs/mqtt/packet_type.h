#pragma once

#include <cstdint>

namespace chat::mqtt {

// The protocol level byte of CONNECT (3.1.2.2).
enum class Version : uint8_t { k31 = 3, k311 = 4, k5 = 5 };

// Control packet types (2.2.1). kAuth belongs to 5.0.
enum class PacketType : uint8_t {
  kConnect = 1,
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSubscribe = 8,
  kSuback = 9,
  kUnsubscribe = 10,
  kUnsuback = 11,
  kPingreq = 12,
  kPingresp = 13,
  kDisconnect = 14,
  kAuth = 15,
};

}  // namespace chat::mqtt
