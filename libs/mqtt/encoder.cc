#include <cstdlib>
#include <cstring>

#include "libs/mqtt/codec.h"

namespace chat::mqtt {

namespace {

constexpr size_t kMaxFixedHeader = 5;

void Require(bool invariant) {
  if (!invariant) std::abort();
}

void PutByte(uint8_t value, std::string& out) { out.push_back(static_cast<char>(value)); }

void PutU16(uint16_t value, std::string& out) {
  PutByte(static_cast<uint8_t>(value >> 8), out);
  PutByte(static_cast<uint8_t>(value & 0xFF), out);
}

void PutId(PacketId id, std::string& out) { PutU16(static_cast<uint16_t>(id), out); }

void PutString(std::string_view text, std::string& out) {
  Require(text.size() <= 0xFFFF);
  PutU16(static_cast<uint16_t>(text.size()), out);
  out.append(text);
}

char* WriteU16(uint16_t value, char* out) {
  *out++ = static_cast<char>(value >> 8);
  *out++ = static_cast<char>(value & 0xFF);
  return out;
}

// 2.2.3
char* WriteRemainingLength(size_t length, char* out) {
  Require(length <= kMaxRemainingLength);
  do {
    const auto digit = static_cast<uint8_t>(length % 128);
    length /= 128;
    *out++ = static_cast<char>(length > 0 ? digit | 0x80 : digit);
  } while (length > 0);
  return out;
}

void PutFixedHeader(PacketType type, uint8_t flags, size_t length, std::string& out) {
  char header[kMaxFixedHeader];
  header[0] = static_cast<char>(static_cast<uint8_t>(type) << 4 | flags);
  const char* end = WriteRemainingLength(length, header + 1);
  out.append(header, static_cast<size_t>(end - header));
}

uint8_t PublishFlags(Qos qos, bool dup, bool retain) {
  return static_cast<uint8_t>((dup ? 8 : 0) | static_cast<uint8_t>(qos) << 1 | (retain ? 1 : 0));
}

uint8_t ConnectFlags(const Connect& connect) {
  uint8_t flags = connect.clean_session ? 0x02 : 0;
  if (connect.will) {
    flags |= 0x04 | static_cast<uint8_t>(connect.will->qos) << 3;
    if (connect.will->retain) flags |= 0x20;
  }
  if (connect.password) flags |= 0x40;
  if (connect.username) flags |= 0x80;
  return flags;
}

void PutProperties(const Properties& properties, Version version, std::string& out) {
  if (version == Version::k5) WriteProperties(properties, out);
}

void EncodeConnect(const Connect& connect, Version version, std::string& out) {
  // MQTT-3.1.2-22
  Require(connect.username || !connect.password || version == Version::k5);
  std::string body;
  PutString(version == Version::k31 ? "MQIsdp" : "MQTT", body);
  PutByte(static_cast<uint8_t>(version), body);
  PutByte(ConnectFlags(connect), body);
  PutU16(connect.keep_alive_s, body);
  PutProperties(connect.properties, version, body);
  PutString(connect.client_id, body);
  if (connect.will) {
    PutProperties(connect.will->properties, version, body);
    PutString(connect.will->topic, body);
    PutString(connect.will->payload, body);
  }
  if (connect.username) PutString(*connect.username, body);
  if (connect.password) PutString(*connect.password, body);
  PutFixedHeader(PacketType::kConnect, 0, body.size(), out);
  out.append(body);
}

void EncodePublish(const Publish& publish, Version version, std::string& out) {
  const bool has_id = publish.qos != Qos::kAtMostOnce;
  std::string properties;
  PutProperties(publish.properties, version, properties);
  PutFixedHeader(
      PacketType::kPublish, PublishFlags(publish.qos, publish.dup, publish.retain),
      2 + publish.topic.size() + (has_id ? 2 : 0) + properties.size() + publish.payload.size(),
      out);
  PutString(publish.topic, out);
  if (has_id) PutId(publish.id, out);
  out.append(properties);
  out.append(publish.payload);
}

uint8_t Options(const Subscription& subscription, Version version) {
  const auto qos = static_cast<uint8_t>(subscription.qos);
  if (version != Version::k5) return qos;
  return static_cast<uint8_t>(qos | (subscription.no_local ? 4 : 0) |
                              (subscription.retain_as_published ? 8 : 0) |
                              static_cast<uint8_t>(subscription.retain_handling) << 4);
}

// A packet id, properties and whatever `rest` appends.
template <typename Rest>
void EncodeWithId(PacketType type, uint8_t flags, PacketId id, const Properties& properties,
                  Version version, std::string& out, Rest rest) {
  std::string body;
  PutId(id, body);
  PutProperties(properties, version, body);
  rest(body);
  PutFixedHeader(type, flags, body.size(), out);
  out.append(body);
}

// Reason code and properties, of which 5.0 leaves out what says nothing; below 5.0 nothing.
void PutEnding(Reason reason, const Properties& properties, Version version, std::string& out) {
  if (version != Version::k5) return;
  if (reason == Reason::kSuccess && properties.empty()) return;
  PutByte(static_cast<uint8_t>(reason), out);
  if (!properties.empty()) WriteProperties(properties, out);
}

// One overload per packet, chosen by std::visit.
struct PacketEncoder {
  Version version;
  std::string& out;

  void operator()(const Connect& p) const { EncodeConnect(p, version, out); }
  void operator()(const Connack& p) const { EncodeConnack(p, version, out); }
  void operator()(const Publish& p) const { EncodePublish(p, version, out); }
  void operator()(const Puback& p) const { Ack(PacketType::kPuback, p); }
  void operator()(const Pubrec& p) const { Ack(PacketType::kPubrec, p); }
  void operator()(const Pubrel& p) const { Ack(PacketType::kPubrel, p); }
  void operator()(const Pubcomp& p) const { Ack(PacketType::kPubcomp, p); }
  void operator()(const Subscribe& p) const {
    EncodeWithId(PacketType::kSubscribe, 0x02, p.id, p.properties, version, out,
                 [&](std::string& body) {
                   for (const Subscription& s : p.subscriptions) {
                     PutString(s.filter, body);
                     PutByte(Options(s, version), body);
                   }
                 });
  }
  void operator()(const Suback& p) const {
    EncodeWithId(PacketType::kSuback, 0, p.id, p.properties, version, out, [&](std::string& body) {
      for (const uint8_t code : p.codes) PutByte(code, body);
    });
  }
  void operator()(const Unsubscribe& p) const {
    EncodeWithId(PacketType::kUnsubscribe, 0x02, p.id, p.properties, version, out,
                 [&](std::string& body) {
                   for (const std::string_view filter : p.filters) PutString(filter, body);
                 });
  }
  void operator()(const Unsuback& p) const {
    EncodeWithId(PacketType::kUnsuback, 0, p.id, p.properties, version, out,
                 [&](std::string& body) {
                   if (version != Version::k5) return;
                   for (const uint8_t code : p.codes) PutByte(code, body);
                 });
  }
  void operator()(const Pingreq&) const { PutFixedHeader(PacketType::kPingreq, 0, 0, out); }
  void operator()(const Pingresp&) const { PutFixedHeader(PacketType::kPingresp, 0, 0, out); }
  void operator()(const Disconnect& p) const { Ending(PacketType::kDisconnect, p); }
  void operator()(const Auth& p) const {
    Require(version == Version::k5);
    Ending(PacketType::kAuth, p);
  }

  template <typename T>
  void Ack(PacketType type, const T& p) const {
    std::string body;
    PutId(p.id, body);
    PutEnding(p.reason, p.properties, version, body);
    PutFixedHeader(type, type == PacketType::kPubrel ? 0x02 : 0, body.size(), out);  // MQTT-3.6.1-1
    out.append(body);
  }
  template <typename T>
  void Ending(PacketType type, const T& p) const {
    std::string body;
    PutEnding(p.reason, p.properties, version, body);
    PutFixedHeader(type, 0, body.size(), out);
    out.append(body);
  }
};

// Bytes of a variable byte integer.
size_t VariableSize(size_t value) {
  if (value < 128) return 1;
  if (value < 16'384) return 2;
  return value < 2'097'152 ? 3 : 4;
}

constexpr size_t kAliasProperty = 3;
constexpr size_t kExpiryProperty = 5;
constexpr size_t kMaxVariable = 4;

size_t SubscriptionsSize(const PublishHead& head) {
  size_t size = 0;
  if (head.subscriptions == nullptr) return size;
  for (const uint32_t id : *head.subscriptions) size += 1 + VariableSize(id);
  return size;
}

char* WriteId(PropertyId id, char* out) {
  *out = static_cast<char>(id);
  return out + 1;
}

size_t PropertiesSize(const PublishHead& head, const Message& message,
                      const PublishFraming& framing) {
  return message.properties().size() + SubscriptionsSize(head) +
         (framing.alias != 0 ? kAliasProperty : 0) + (framing.expiry_s ? kExpiryProperty : 0);
}

// The remaining length of a fan-out PUBLISH.
size_t PublishLength(const PublishHead& head, const Message& message,
                     const PublishFraming& framing) {
  const size_t topic = framing.with_topic ? message.topic().size() : 0;
  const size_t id = head.qos == Qos::kAtMostOnce ? 0 : 2;
  const size_t length = 2 + topic + id + message.payload().size();
  if (framing.version != Version::k5) return length;
  const size_t properties = PropertiesSize(head, message, framing);
  return length + VariableSize(properties) + properties;
}

// The properties of a fan-out PUBLISH with their length.
char* WritePublishProperties(const PublishHead& head, const Message& message,
                             const PublishFraming& framing, char* at) {
  at = WriteRemainingLength(PropertiesSize(head, message, framing), at);
  if (framing.alias != 0) at = WriteU16(framing.alias, WriteId(PropertyId::kTopicAlias, at));
  if (framing.expiry_s) {
    at = WriteU16(static_cast<uint16_t>(*framing.expiry_s >> 16),
                  WriteId(PropertyId::kMessageExpiry, at));
    at = WriteU16(static_cast<uint16_t>(*framing.expiry_s & 0xFFFF), at);
  }
  if (head.subscriptions != nullptr) {
    for (const uint32_t id : *head.subscriptions) {
      at = WriteRemainingLength(id, WriteId(PropertyId::kSubscriptionId, at));
    }
  }
  const std::string_view passed_on = message.properties();
  if (!passed_on.empty()) std::memcpy(at, passed_on.data(), passed_on.size());
  return at + passed_on.size();
}

}  // namespace

void Encode(const Packet& packet, Version version, std::string& out) {
  std::visit(PacketEncoder{version, out}, packet);
}

void EncodeConnack(const Connack& connack, Version version, std::string& out) {
  std::string body;
  // MQTT-3.2.2-4; 3.1 reserves the byte.
  const bool present = connack.session_present && connack.code == 0 && version != Version::k31;
  PutByte(present ? 1 : 0, body);
  PutByte(connack.code, body);
  PutProperties(connack.properties, version, body);
  PutFixedHeader(PacketType::kConnack, 0, body.size(), out);
  out.append(body);
}

void EncodeAck(PacketType type, PacketId id, std::string& out) {
  EncodeAck(type, id, Version::k311, Reason::kSuccess, out);
}

void EncodeAck(PacketType type, PacketId id, Version version, Reason reason, std::string& out) {
  const bool told = version == Version::k5 && reason != Reason::kSuccess;
  // MQTT-3.6.1-1
  PutFixedHeader(type, type == PacketType::kPubrel ? 0x02 : 0, told ? 3 : 2, out);
  PutId(id, out);
  if (told) PutByte(static_cast<uint8_t>(reason), out);
}

size_t PublishHeadSize(const PublishHead& head, const Message& message) {
  return kMaxFixedHeader + 2 + message.topic().size() + 2 + kMaxVariable + kAliasProperty +
         kExpiryProperty + SubscriptionsSize(head) + message.properties().size();
}

size_t WritePublishHead(const PublishHead& head, const Message& message, char* out,
                        const PublishFraming& framing) {
  const bool has_id = head.qos != Qos::kAtMostOnce;
  const std::string_view topic = framing.with_topic ? message.topic() : std::string_view();
  char* at = out;
  *at++ = static_cast<char>(static_cast<uint8_t>(PacketType::kPublish) << 4 |
                            PublishFlags(head.qos, head.dup, head.retain));
  at = WriteRemainingLength(PublishLength(head, message, framing), at);
  at = WriteU16(static_cast<uint16_t>(topic.size()), at);
  if (!topic.empty()) std::memcpy(at, topic.data(), topic.size());
  at += topic.size();
  if (has_id) at = WriteU16(static_cast<uint16_t>(head.id), at);
  if (framing.version == Version::k5) at = WritePublishProperties(head, message, framing, at);
  return static_cast<size_t>(at - out);
}

size_t PublishSize(const PublishHead& head, const Message& message, const PublishFraming& framing) {
  const size_t length = PublishLength(head, message, framing);
  return 1 + VariableSize(length) + length;
}

void EncodePublishHead(const PublishHead& head, const Message& message, std::string& out,
                       const PublishFraming& framing) {
  const size_t before = out.size();
  out.resize(before + PublishHeadSize(head, message));
  out.resize(before + WritePublishHead(head, message, out.data() + before, framing));
}

}  // namespace chat::mqtt
