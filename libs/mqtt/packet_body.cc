#include "libs/mqtt/packet_body.h"

#include <utility>

#include "libs/mqtt/topic.h"

namespace chat::mqtt {

namespace {

// Reads the body of one packet; each answers false when the bytes do not suffice.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  bool Byte(uint8_t& value) {
    if (bytes_.empty()) return false;
    value = static_cast<uint8_t>(bytes_[0]);
    bytes_.remove_prefix(1);
    return true;
  }

  bool U16(uint16_t& value) {
    uint8_t high = 0;
    uint8_t low = 0;
    if (bytes_.size() < 2 || !Byte(high) || !Byte(low)) return false;
    value = static_cast<uint16_t>(high << 8 | low);
    return true;
  }

  // A length of two bytes and as many bytes (1.5.3, 3.1.3.3).
  bool Field(std::string_view& value) {
    uint16_t length = 0;
    if (!U16(length) || bytes_.size() < length) return false;
    value = bytes_.substr(0, length);
    bytes_.remove_prefix(length);
    return true;
  }

 private:
  std::string_view bytes_;
};

Failure ReadId(Reader& body, PacketId& id) {
  uint16_t value = 0;
  if (!body.U16(value)) return Malformed("MQTT-2.3.1-1", "no packet identifier");
  if (value == 0) return Malformed("MQTT-2.3.1-1", "packet identifier 0");
  id = PacketId{value};
  return {};
}

// A text that must be there and be UTF-8.
Failure ReadText(Reader& body, std::string_view& text, const char* clause, const char* what) {
  if (!body.Field(text)) return Malformed(clause, what);
  if (!IsValidUtf8(text)) return Malformed("MQTT-1.5.3-1", what);
  return {};
}

Failure ReadProtocol(Reader& body, Connect& connect, uint8_t& level) {
  std::string_view name;
  if (!body.Field(name) || (name != "MQTT" && name != "MQIsdp")) {
    return Malformed("MQTT-3.1.2-1", "protocol name");
  }
  if (!body.Byte(level)) return Malformed("MQTT-3.1.2-2", "no protocol level");
  const uint8_t expected = static_cast<uint8_t>(name == "MQTT" ? Version::k311 : Version::k31);
  if (level != expected) {
    return ProtocolError{Reason::kUnsupportedProtocolVersion, "MQTT-3.1.2-2", "protocol level"};
  }
  connect.version = static_cast<Version>(level);
  return {};
}

Failure CheckConnectFlags(uint8_t flags, Version version) {
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
  if ((flags & 0xC0) == 0x40) return Malformed("MQTT-3.1.2-22", "password without user name");
  return {};
}

Failure ReadWill(Reader& body, uint8_t flags, Connect& connect) {
  if ((flags & 0x04) == 0) return {};
  Will will;
  will.qos = static_cast<Qos>(flags >> 3 & 0x03);
  will.retain = (flags & 0x20) != 0;
  if (Failure failure = ReadText(body, will.topic, "MQTT-3.1.3-10", "will topic")) return failure;
  if (will.topic.empty()) return Malformed("MQTT-4.7.3-1", "empty will topic");
  if (HasWildcard(will.topic)) return Malformed("MQTT-4.7.1-1", "wildcard in the will topic");
  if (!body.Field(will.payload)) return Malformed("MQTT-3.1.2-9", "will message");
  connect.will = std::move(will);
  return {};
}

Failure ReadCredentials(Reader& body, uint8_t flags, Connect& connect) {
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

// 3.1.2, 3.1.3
Failure ReadConnect(Reader& body, Connect& connect, uint8_t& level) {
  if (Failure failure = ReadProtocol(body, connect, level)) return failure;
  uint8_t flags = 0;
  if (!body.Byte(flags) || !body.U16(connect.keep_alive_s)) {
    return Malformed("MQTT-3.1.2-23", "CONNECT ends in its variable header");
  }
  if (Failure failure = CheckConnectFlags(flags, connect.version)) return failure;
  connect.clean_session = (flags & 0x02) != 0;
  if (Failure failure = ReadText(body, connect.client_id, "MQTT-3.1.3-3", "client identifier")) {
    return failure;
  }
  if (Failure failure = ReadWill(body, flags, connect)) return failure;
  if (Failure failure = ReadCredentials(body, flags, connect)) return failure;
  if (!body.empty()) return Malformed("MQTT-3.1.3-1", "bytes behind the payload of CONNECT");
  return {};
}

// 3.2.2
Failure ReadConnack(Reader& body, Connack& connack) {
  uint8_t flags = 0;
  if (!body.Byte(flags) || !body.Byte(connack.code)) {
    return Malformed("MQTT-3.2.2-1", "CONNACK is too short");
  }
  if ((flags & 0xFE) != 0) return Malformed("MQTT-3.2.2-1", "reserved flags of CONNACK");
  connack.session_present = flags != 0;
  if (connack.session_present && connack.code != 0) {
    return Malformed("MQTT-3.2.2-4", "session present with a refusal");
  }
  return {};
}

// 3.3.2, 3.3.3
Failure ReadPublish(Reader& body, uint8_t flags, Publish& publish) {
  publish.dup = (flags & 0x08) != 0;
  publish.qos = static_cast<Qos>(flags >> 1 & 0x03);
  publish.retain = (flags & 0x01) != 0;
  if (Failure failure = ReadText(body, publish.topic, "MQTT-3.3.2-1", "topic name")) return failure;
  if (publish.topic.empty()) return Malformed("MQTT-4.7.3-1", "empty topic name");
  if (HasWildcard(publish.topic)) {
    return ProtocolError{Reason::kTopicNameInvalid, "MQTT-3.3.2-2", "wildcard in the topic name"};
  }
  if (publish.qos != Qos::kAtMostOnce) {
    if (Failure failure = ReadId(body, publish.id)) return failure;
  }
  publish.payload = body.rest();
  return {};
}

Failure ReadFilter(Reader& body, std::string_view& filter, const char* clause) {
  if (Failure failure = ReadText(body, filter, clause, "topic filter")) return failure;
  if (filter.empty()) return Malformed("MQTT-4.7.3-1", "empty topic filter");
  if (!IsValidTopicFilter(filter)) {
    return ProtocolError{Reason::kTopicFilterInvalid, "MQTT-4.7.1-2", "wildcard in a wrong place"};
  }
  return {};
}

// 3.8
Failure ReadSubscribe(Reader& body, Subscribe& subscribe) {
  if (Failure failure = ReadId(body, subscribe.id)) return failure;
  if (body.empty()) return Malformed("MQTT-3.8.3-3", "SUBSCRIBE without a topic filter");
  while (!body.empty()) {
    Subscription subscription;
    uint8_t options = 0;
    if (Failure failure = ReadFilter(body, subscription.filter, "MQTT-3.8.3-1")) return failure;
    if (!body.Byte(options)) return Malformed("MQTT-3.8.3-3", "topic filter without QoS");
    if (options > 2) return Malformed("MQTT-3-8.3-4", "requested QoS byte");
    subscription.qos = static_cast<Qos>(options);
    subscribe.subscriptions.push_back(subscription);
  }
  return {};
}

// 3.9
Failure ReadSuback(Reader& body, Suback& suback) {
  if (Failure failure = ReadId(body, suback.id)) return failure;
  if (body.empty()) return Malformed("MQTT-3.8.4-5", "SUBACK without a return code");
  for (uint8_t code = 0; body.Byte(code);) {
    if (code > 2 && code != kSubackFailure) return Malformed("MQTT-3.9.3-2", "SUBACK return code");
    suback.codes.push_back(code);
  }
  return {};
}

// 3.10
Failure ReadUnsubscribe(Reader& body, Unsubscribe& unsubscribe) {
  if (Failure failure = ReadId(body, unsubscribe.id)) return failure;
  if (body.empty()) return Malformed("MQTT-3.10.3-2", "UNSUBSCRIBE without a topic filter");
  while (!body.empty()) {
    std::string_view filter;
    if (Failure failure = ReadFilter(body, filter, "MQTT-3.10.3-1")) return failure;
    unsubscribe.filters.push_back(filter);
  }
  return {};
}

template <typename T>
Failure ReadInto(Packet& packet, auto read) {
  return read(packet.emplace<T>());
}

}  // namespace

Failure ReadBody(PacketType type, uint8_t flags, std::string_view bytes, uint8_t& level,
                 Packet& packet) {
  Reader body(bytes);
  const auto id = [&body](auto& p) { return ReadId(body, p.id); };
  switch (type) {
    case PacketType::kConnect:
      return ReadConnect(body, packet.emplace<Connect>(), level);
    case PacketType::kConnack:
      return ReadConnack(body, packet.emplace<Connack>());
    case PacketType::kPublish:
      return ReadPublish(body, flags, packet.emplace<Publish>());
    case PacketType::kPuback:
      return ReadInto<Puback>(packet, id);
    case PacketType::kPubrec:
      return ReadInto<Pubrec>(packet, id);
    case PacketType::kPubrel:
      return ReadInto<Pubrel>(packet, id);
    case PacketType::kPubcomp:
      return ReadInto<Pubcomp>(packet, id);
    case PacketType::kSubscribe:
      return ReadSubscribe(body, packet.emplace<Subscribe>());
    case PacketType::kSuback:
      return ReadSuback(body, packet.emplace<Suback>());
    case PacketType::kUnsubscribe:
      return ReadUnsubscribe(body, packet.emplace<Unsubscribe>());
    case PacketType::kUnsuback:
      return ReadInto<Unsuback>(packet, id);
    case PacketType::kPingreq:
      packet.emplace<Pingreq>();
      return {};
    case PacketType::kPingresp:
      packet.emplace<Pingresp>();
      return {};
    case PacketType::kDisconnect:
      packet.emplace<Disconnect>();
      return {};
    case PacketType::kAuth:
      break;
  }
  return Malformed("MQTT-2.2.1", "reserved packet type");
}

}  // namespace chat::mqtt
