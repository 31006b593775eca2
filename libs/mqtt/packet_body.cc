#include "libs/mqtt/packet_body.h"

#include <utility>

#include "libs/mqtt/topic.h"

namespace chat::mqtt {

namespace {

// What a body reader has to know besides the bytes.
struct Context {
  Role role;
  PacketType type;
  uint8_t flags;
  bool v5;
};

Failure ReadOwnProperties(const Context& context, BodyReader& body, Properties& properties) {
  if (!context.v5) return {};
  return ReadProperties(body, context.type, PropertyPlace::kPacket, properties);
}

Failure ReadReason(const Context& context, BodyReader& body, Reason& reason) {
  uint8_t code = 0;
  if (!body.Byte(code) || !IsReasonOf(context.type, code)) {
    return Malformed("MQTT5-2.4", "a reason code that this packet does not have");
  }
  reason = static_cast<Reason>(code);
  return {};
}

Failure CheckEnd(const BodyReader& body) {
  if (body.empty()) return {};
  return Malformed("MQTT-2.2.3", "bytes behind the end of the packet");
}

// 3.2.2
Failure ReadConnack(const Context& context, BodyReader& body, Connack& connack) {
  uint8_t flags = 0;
  if (!body.Byte(flags) || !body.Byte(connack.code)) {
    return Malformed("MQTT-3.2.2-1", "CONNACK is too short");
  }
  if ((flags & 0xFE) != 0) return Malformed("MQTT-3.2.2-1", "reserved flags of CONNACK");
  connack.session_present = flags != 0;
  if (connack.session_present && connack.code != 0) {
    return Malformed("MQTT-3.2.2-4", "session present with a refusal");
  }
  if (context.v5 && !IsReasonOf(PacketType::kConnack, connack.code)) {
    return Malformed("MQTT5-3.2.2-8", "reason code of CONNACK");
  }
  if (Failure failure = ReadOwnProperties(context, body, connack.properties)) return failure;
  return CheckEnd(body);
}

// 3.3.2, 3.3.3
Failure ReadPublish(const Context& context, BodyReader& body, Publish& publish) {
  publish.dup = (context.flags & 0x08) != 0;
  publish.qos = static_cast<Qos>(context.flags >> 1 & 0x03);
  publish.retain = (context.flags & 0x01) != 0;
  if (Failure failure = ReadText(body, publish.topic, "MQTT-3.3.2-1", "topic name")) return failure;
  if (HasWildcard(publish.topic)) {
    return ProtocolError{Reason::kTopicNameInvalid, "MQTT-3.3.2-2", "wildcard in the topic name"};
  }
  if (publish.topic.empty() && !context.v5) return Malformed("MQTT-4.7.3-1", "empty topic name");
  if (publish.qos != Qos::kAtMostOnce) {
    if (Failure failure = ReadId(body, publish.id)) return failure;
  }
  if (Failure failure = ReadOwnProperties(context, body, publish.properties)) return failure;
  if (publish.topic.empty() &&
      FindProperty(publish.properties, PropertyId::kTopicAlias) == nullptr) {
    return Violation("MQTT5-3.3.2-8", "neither topic name nor topic alias");
  }
  if (context.role == Role::kServer &&
      FindProperty(publish.properties, PropertyId::kSubscriptionId) != nullptr) {
    return Violation("MQTT5-3.3.4-6", "subscription identifier in a PUBLISH of a client");
  }
  publish.payload = body.rest();
  return {};
}

// PUBACK, PUBREC, PUBREL, PUBCOMP (3.4 to 3.7): 5.0 leaves out what is 0 or empty at the end.
template <typename Ack>
Failure ReadAck(const Context& context, BodyReader& body, Ack& ack) {
  if (Failure failure = ReadId(body, ack.id)) return failure;
  if (context.v5 && !body.empty()) {
    if (Failure failure = ReadReason(context, body, ack.reason)) return failure;
    if (!body.empty()) {
      if (Failure failure = ReadOwnProperties(context, body, ack.properties)) return failure;
    }
  }
  return CheckEnd(body);
}

Failure CheckFilter(const Context& context, std::string_view filter) {
  if (filter.empty()) return Malformed("MQTT-4.7.3-1", "empty topic filter");
  if (!IsValidTopicFilter(filter)) {
    return ProtocolError{Reason::kTopicFilterInvalid, "MQTT-4.7.1-2", "wildcard in a wrong place"};
  }
  if (context.v5 && filter.starts_with(kSharePrefix) && !ParseShared(filter)) {
    return ProtocolError{Reason::kTopicFilterInvalid, "MQTT5-4.8.2-1",
                         "a shared subscription without name or filter"};
  }
  return {};
}

Failure ReadFilter(const Context& context, BodyReader& body, std::string_view& filter,
                   const char* clause) {
  if (Failure failure = ReadText(body, filter, clause, "topic filter")) return failure;
  return CheckFilter(context, filter);
}

// The byte behind a filter: 3.8.3.1 of 5.0, of which 3.x has the QoS.
Failure ReadOptions(const Context& context, uint8_t options, Subscription& subscription) {
  if (!context.v5) {
    if (options > 2) return Malformed("MQTT-3-8.3-4", "requested QoS byte");
    subscription.qos = static_cast<Qos>(options);
    return {};
  }
  if ((options & 0xC0) != 0) return Malformed("MQTT5-3.8.3-5", "reserved subscription options");
  if ((options & 0x03) == 3) return Violation("MQTT5-3.8.3-5", "subscription of QoS 3");
  if ((options & 0x30) == 0x30) return Violation("MQTT5-3.8.3-5", "retain handling 3");
  subscription.qos = static_cast<Qos>(options & 0x03);
  subscription.no_local = (options & 0x04) != 0;
  subscription.retain_as_published = (options & 0x08) != 0;
  subscription.retain_handling = static_cast<RetainHandling>(options >> 4 & 0x03);
  if (subscription.no_local && subscription.filter.starts_with(kSharePrefix)) {
    return Violation("MQTT5-3.8.3-4", "no local on a shared subscription");
  }
  return {};
}

// 3.8
Failure ReadSubscribe(const Context& context, BodyReader& body, Subscribe& subscribe) {
  if (Failure failure = ReadId(body, subscribe.id)) return failure;
  if (Failure failure = ReadOwnProperties(context, body, subscribe.properties)) return failure;
  if (body.empty()) return Malformed("MQTT-3.8.3-3", "SUBSCRIBE without a topic filter");
  while (!body.empty()) {
    Subscription subscription;
    uint8_t options = 0;
    if (Failure failure = ReadFilter(context, body, subscription.filter, "MQTT-3.8.3-1")) {
      return failure;
    }
    if (!body.Byte(options)) return Malformed("MQTT-3.8.3-3", "topic filter without QoS");
    if (Failure failure = ReadOptions(context, options, subscription)) return failure;
    subscribe.subscriptions.push_back(subscription);
  }
  return {};
}

// 3.9
Failure ReadSuback(const Context& context, BodyReader& body, Suback& suback) {
  if (Failure failure = ReadId(body, suback.id)) return failure;
  if (Failure failure = ReadOwnProperties(context, body, suback.properties)) return failure;
  if (body.empty()) return Malformed("MQTT-3.8.4-5", "SUBACK without a return code");
  for (uint8_t code = 0; body.Byte(code);) {
    const bool known =
        context.v5 ? IsReasonOf(PacketType::kSuback, code) : code <= 2 || code == kSubackFailure;
    if (!known) return Malformed("MQTT-3.9.3-2", "SUBACK return code");
    suback.codes.push_back(code);
  }
  return {};
}

// 3.10
Failure ReadUnsubscribe(const Context& context, BodyReader& body, Unsubscribe& unsubscribe) {
  if (Failure failure = ReadId(body, unsubscribe.id)) return failure;
  if (Failure failure = ReadOwnProperties(context, body, unsubscribe.properties)) return failure;
  if (body.empty()) return Malformed("MQTT-3.10.3-2", "UNSUBSCRIBE without a topic filter");
  while (!body.empty()) {
    std::string_view filter;
    if (Failure failure = ReadFilter(context, body, filter, "MQTT-3.10.3-1")) return failure;
    unsubscribe.filters.push_back(filter);
  }
  return {};
}

// 3.11
Failure ReadUnsuback(const Context& context, BodyReader& body, Unsuback& unsuback) {
  if (Failure failure = ReadId(body, unsuback.id)) return failure;
  if (!context.v5) return CheckEnd(body);
  if (Failure failure = ReadOwnProperties(context, body, unsuback.properties)) return failure;
  if (body.empty()) return Malformed("MQTT5-3.11.3-1", "UNSUBACK without a reason code");
  for (uint8_t code = 0; body.Byte(code);) {
    if (!IsReasonOf(PacketType::kUnsuback, code)) {
      return Malformed("MQTT5-3.11.3-2", "UNSUBACK reason code");
    }
    unsuback.codes.push_back(code);
  }
  return {};
}

// DISCONNECT and AUTH (3.14, 3.15) may end at any of their parts.
template <typename T>
Failure ReadEnding(const Context& context, BodyReader& body, T& packet) {
  if (!context.v5 || body.empty()) return CheckEnd(body);
  if (Failure failure = ReadReason(context, body, packet.reason)) return failure;
  if (body.empty()) return {};
  if (Failure failure = ReadOwnProperties(context, body, packet.properties)) return failure;
  return CheckEnd(body);
}

}  // namespace

Failure ReadBody(Role role, PacketType type, uint8_t flags, std::string_view bytes, uint8_t level,
                 Packet& packet) {
  BodyReader body(bytes);
  const Context context{role, type, flags, level >= static_cast<uint8_t>(Version::k5)};
  switch (type) {
    case PacketType::kConnack:
      return ReadConnack(context, body, packet.emplace<Connack>());
    case PacketType::kPublish:
      return ReadPublish(context, body, packet.emplace<Publish>());
    case PacketType::kPuback:
      return ReadAck(context, body, packet.emplace<Puback>());
    case PacketType::kPubrec:
      return ReadAck(context, body, packet.emplace<Pubrec>());
    case PacketType::kPubrel:
      return ReadAck(context, body, packet.emplace<Pubrel>());
    case PacketType::kPubcomp:
      return ReadAck(context, body, packet.emplace<Pubcomp>());
    case PacketType::kSubscribe:
      return ReadSubscribe(context, body, packet.emplace<Subscribe>());
    case PacketType::kSuback:
      return ReadSuback(context, body, packet.emplace<Suback>());
    case PacketType::kUnsubscribe:
      return ReadUnsubscribe(context, body, packet.emplace<Unsubscribe>());
    case PacketType::kUnsuback:
      return ReadUnsuback(context, body, packet.emplace<Unsuback>());
    case PacketType::kPingreq:
      packet.emplace<Pingreq>();
      return CheckEnd(body);
    case PacketType::kPingresp:
      packet.emplace<Pingresp>();
      return CheckEnd(body);
    case PacketType::kDisconnect:
      return ReadEnding(context, body, packet.emplace<Disconnect>());
    case PacketType::kAuth:
      return ReadEnding(context, body, packet.emplace<Auth>());
    case PacketType::kConnect:
      break;  // ReadConnect
  }
  return Malformed("MQTT-2.2.1", "reserved packet type");
}

}  // namespace chat::mqtt
