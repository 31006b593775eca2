#include <utility>

#include "libs/mqtt/packet_body.h"
#include "libs/mqtt/topic.h"

namespace chat::mqtt {

namespace {

constexpr uint8_t kLevel5 = static_cast<uint8_t>(Version::k5);

Failure CheckFlags(uint8_t flags, Version version) {
  // 3.1 leaves the lowest bit unused.
  if ((flags & 0x01) != 0 && version != Version::k31) {
    return Malformed("MQTT-3.1.2-3", "reserved flag of CONNECT");
  }
  const uint8_t will_qos = flags >> 3 & 0x03;
  if ((flags & 0x04) == 0) {
    if (will_qos != 0) return Malformed("MQTT-3.1.2-13", "will QoS without will");
    if ((flags & 0x20) != 0) return Malformed("MQTT-3.1.2-15", "will retain without will");
  }
  if (will_qos == 3) return Malformed("MQTT-3.1.2-14", "will of QoS 3");
  if ((flags & 0xC0) == 0x40 && version != Version::k5) {
    return Malformed("MQTT-3.1.2-22", "password without user name");
  }
  return {};
}

Failure ReadWill(BodyReader& body, uint8_t flags, Connect& connect) {
  if ((flags & 0x04) == 0) return {};
  Will will;
  will.qos = static_cast<Qos>(flags >> 3 & 0x03);
  will.retain = (flags & 0x20) != 0;
  if (connect.version == Version::k5) {
    if (Failure failure =
            ReadProperties(body, PacketType::kConnect, PropertyPlace::kWill, will.properties)) {
      return failure;
    }
  }
  if (Failure failure = ReadText(body, will.topic, "MQTT-3.1.3-10", "will topic")) return failure;
  if (will.topic.empty()) return Malformed("MQTT-4.7.3-1", "empty will topic");
  if (HasWildcard(will.topic)) return Malformed("MQTT-4.7.1-1", "wildcard in the will topic");
  if (!body.Field(will.payload)) return Malformed("MQTT-3.1.2-9", "will message");
  connect.will = std::move(will);
  return {};
}

Failure ReadCredentials(BodyReader& body, uint8_t flags, Connect& connect) {
  if ((flags & 0x80) != 0) {
    std::string_view name;
    if (Failure failure = ReadText(body, name, "MQTT-3.1.3-11", "user name")) return failure;
    connect.username = name;
  }
  if ((flags & 0x40) != 0) {
    std::string_view password;
    if (!body.Field(password)) return Malformed("MQTT-3.1.2-21", "password");
    connect.password = password;
  }
  return {};
}

// What follows the protocol level, in the framing of connect.version.
Failure ReadRest(BodyReader body, Connect& connect) {
  uint8_t flags = 0;
  if (!body.Byte(flags) || !body.U16(connect.keep_alive_s)) {
    return Malformed("MQTT-3.1.2-23", "CONNECT ends in its variable header");
  }
  if (Failure failure = CheckFlags(flags, connect.version)) return failure;
  connect.clean_session = (flags & 0x02) != 0;
  if (connect.version == Version::k5) {
    if (Failure failure = ReadProperties(body, PacketType::kConnect, PropertyPlace::kPacket,
                                         connect.properties)) {
      return failure;
    }
    if (FindProperty(connect.properties, PropertyId::kAuthenticationData) != nullptr &&
        FindProperty(connect.properties, PropertyId::kAuthenticationMethod) == nullptr) {
      return Violation("MQTT5-4.13.1-1", "authentication data without a method");
    }
  }
  if (Failure failure = ReadText(body, connect.client_id, "MQTT-3.1.3-3", "client identifier")) {
    return failure;
  }
  if (Failure failure = ReadWill(body, flags, connect)) return failure;
  if (Failure failure = ReadCredentials(body, flags, connect)) return failure;
  if (!body.empty()) return Malformed("MQTT-3.1.3-1", "bytes behind the payload of CONNECT");
  return {};
}

bool ReadsAs(Version version, const BodyReader& body) {
  Connect connect;
  connect.version = version;
  return !ReadRest(body, connect);
}

// PROTOCOL 1.2: an unknown level is answered in the framing that the rest shows.
uint8_t FramingOf(const BodyReader& body) {
  const bool evident = ReadsAs(Version::k5, body) && !ReadsAs(Version::k311, body);
  return static_cast<uint8_t>(evident ? Version::k5 : Version::k311);
}

}  // namespace

// 3.1.2, 3.1.3
Failure ReadConnect(std::string_view bytes, Connect& connect, uint8_t& level) {
  BodyReader body(bytes);
  std::string_view name;
  if (!body.Field(name) || (name != "MQTT" && name != "MQIsdp")) {
    return Malformed("MQTT-3.1.2-1", "protocol name");
  }
  if (!body.Byte(level)) return Malformed("MQTT-3.1.2-2", "no protocol level");
  const bool known = name == "MQTT"
                         ? level == static_cast<uint8_t>(Version::k311) || level == kLevel5
                         : level == static_cast<uint8_t>(Version::k31);
  if (!known) {
    level = FramingOf(body);
    return ProtocolError{Reason::kUnsupportedProtocolVersion, "MQTT-3.1.2-2", "protocol level"};
  }
  connect.version = static_cast<Version>(level);
  return ReadRest(body, connect);
}

}  // namespace chat::mqtt
