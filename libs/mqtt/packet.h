#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/mqtt/reason.h"

// The control packets of MQTT as plain values, for both directions and all versions.
//
// All texts and payloads are VIEWS. A packet that comes out of the decoder points into the bytes it
// was decoded from (see Decoder::Next for how long they live); a packet that goes into the encoder
// points wherever its maker likes until Encode returns. Copy what must live longer.
namespace chat::mqtt {

// The protocol level byte of CONNECT (3.1.2.2).
enum class Version : uint8_t { k31 = 3, k311 = 4, k5 = 5 };

enum class Qos : uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// Packet identifier (2.3.1). Zero never travels and means "none".
enum class PacketId : uint16_t {};
inline constexpr PacketId kNoPacketId{0};

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

// One property of 5.0 (2.2.2.2). Numbers of every width lie in `number`; strings and binary data in
// `text`; a user property has its name in `text` and its value in `value`.
struct Property {
  uint8_t id = 0;
  uint32_t number = 0;
  std::string_view text;
  std::string_view value;
};

// The properties of a packet in wire order. Always empty below 5.0, which has no place for them.
using Properties = std::vector<Property>;

struct Will {
  std::string_view topic;
  std::string_view payload;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  Properties properties;
};

struct Connect {
  Version version = Version::k311;
  bool clean_session = true;
  uint16_t keep_alive_s = 0;  // 0: none
  std::string_view client_id;
  std::optional<Will> will;
  std::optional<std::string_view> username;
  std::optional<std::string_view> password;  // 3.x: only together with username
  Properties properties;
};

struct Connack {
  bool session_present = false;
  uint8_t code = 0;  // 3.x: a ConnectCode; 5.0: a Reason
  Properties properties;
};

struct Publish {
  std::string_view topic;
  std::string_view payload;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool dup = false;
  PacketId id = kNoPacketId;  // kNoPacketId exactly when qos is 0
  Properties properties;
};

struct Puback {
  PacketId id = kNoPacketId;
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

struct Pubrec {
  PacketId id = kNoPacketId;
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

struct Pubrel {
  PacketId id = kNoPacketId;
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

struct Pubcomp {
  PacketId id = kNoPacketId;
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

struct Subscription {
  std::string_view filter;
  Qos qos = Qos::kAtMostOnce;
};

struct Subscribe {
  PacketId id = kNoPacketId;
  std::vector<Subscription> subscriptions;  // never empty
  Properties properties;
};

// A SUBACK return code is the granted QoS (0, 1, 2) or this.
inline constexpr uint8_t kSubackFailure = 0x80;

struct Suback {
  PacketId id = kNoPacketId;
  std::vector<uint8_t> codes;  // one per subscription, in its order (MQTT-3.8.4-5)
  Properties properties;
};

struct Unsubscribe {
  PacketId id = kNoPacketId;
  std::vector<std::string_view> filters;  // never empty
  Properties properties;
};

struct Unsuback {
  PacketId id = kNoPacketId;
  Properties properties;
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect>;

}  // namespace chat::mqtt
