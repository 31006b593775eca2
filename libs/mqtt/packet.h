#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "libs/mqtt/properties.h"
#include "libs/mqtt/reason.h"

// The control packets of MQTT as plain values, for both directions and all versions.
//
// All texts and payloads are VIEWS. A packet that comes out of the decoder points into the bytes it
// was decoded from (see Decoder::Next for how long they live); a packet that goes into the encoder
// points wherever its maker likes until Encode returns. Copy what must live longer.
namespace chat::mqtt {

enum class Qos : uint8_t { kAtMostOnce = 0, kAtLeastOnce = 1, kExactlyOnce = 2 };

// Packet identifier (2.3.1). Zero never travels and means "none".
enum class PacketId : uint16_t {};
inline constexpr PacketId kNoPacketId{0};

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
  // `clean_session` is Clean Start in 5.0, where the session's life is a property.
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
  Reason reason = Reason::kSuccess;  // 5.0 only, as below
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

// Which retained messages a SUBSCRIBE brings (5.0, 3.8.3.1).
enum class RetainHandling : uint8_t { kAlways = 0, kOnlyIfNew = 1, kNever = 2 };

struct Subscription {
  std::string_view filter;
  Qos qos = Qos::kAtMostOnce;
  // Subscription options of 5.0. 3.x behaves like their defaults.
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::kAlways;
};

struct Subscribe {
  PacketId id = kNoPacketId;
  std::vector<Subscription> subscriptions;  // never empty
  Properties properties;
};

// A SUBACK return code is the granted QoS (0, 1, 2), this, or in 5.0 any Reason from 0x80 on.
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
  std::vector<uint8_t> codes = {};  // 5.0 only: a Reason per filter (MQTT5-3.11.3-1)
};

struct Pingreq {};
struct Pingresp {};

struct Disconnect {
  Reason reason = Reason::kSuccess;  // 5.0 only
  Properties properties;
};

// 5.0 only (3.15).
struct Auth {
  Reason reason = Reason::kSuccess;
  Properties properties;
};

// In the order of PacketType.
using Packet = std::variant<Connect, Connack, Publish, Puback, Pubrec, Pubrel, Pubcomp, Subscribe,
                            Suback, Unsubscribe, Unsuback, Pingreq, Pingresp, Disconnect, Auth>;

}  // namespace chat::mqtt
