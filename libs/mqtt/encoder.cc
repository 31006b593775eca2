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

void EncodeConnect(const Connect& connect, Version version, std::string& out) {
  Require(connect.username || !connect.password);  // MQTT-3.1.2-22
  std::string body;
  PutString(version == Version::k31 ? "MQIsdp" : "MQTT", body);
  PutByte(static_cast<uint8_t>(version), body);
  PutByte(ConnectFlags(connect), body);
  PutU16(connect.keep_alive_s, body);
  PutString(connect.client_id, body);
  if (connect.will) {
    PutString(connect.will->topic, body);
    PutString(connect.will->payload, body);
  }
  if (connect.username) PutString(*connect.username, body);
  if (connect.password) PutString(*connect.password, body);
  PutFixedHeader(PacketType::kConnect, 0, body.size(), out);
  out.append(body);
}

void EncodePublish(const Publish& publish, std::string& out) {
  const bool has_id = publish.qos != Qos::kAtMostOnce;
  PutFixedHeader(PacketType::kPublish, PublishFlags(publish.qos, publish.dup, publish.retain),
                 2 + publish.topic.size() + (has_id ? 2 : 0) + publish.payload.size(), out);
  PutString(publish.topic, out);
  if (has_id) PutId(publish.id, out);
  out.append(publish.payload);
}

void EncodeSubscribe(const Subscribe& subscribe, std::string& out) {
  size_t length = 2;
  for (const Subscription& s : subscribe.subscriptions) length += 2 + s.filter.size() + 1;
  PutFixedHeader(PacketType::kSubscribe, 0x02, length, out);
  PutId(subscribe.id, out);
  for (const Subscription& s : subscribe.subscriptions) {
    PutString(s.filter, out);
    PutByte(static_cast<uint8_t>(s.qos), out);
  }
}

void EncodeSuback(const Suback& suback, std::string& out) {
  PutFixedHeader(PacketType::kSuback, 0, 2 + suback.codes.size(), out);
  PutId(suback.id, out);
  for (const uint8_t code : suback.codes) PutByte(code, out);
}

void EncodeUnsubscribe(const Unsubscribe& unsubscribe, std::string& out) {
  size_t length = 2;
  for (const std::string_view filter : unsubscribe.filters) length += 2 + filter.size();
  PutFixedHeader(PacketType::kUnsubscribe, 0x02, length, out);
  PutId(unsubscribe.id, out);
  for (const std::string_view filter : unsubscribe.filters) PutString(filter, out);
}

// One overload per packet, chosen by std::visit.
struct PacketEncoder {
  Version version;
  std::string& out;

  void operator()(const Connect& p) const { EncodeConnect(p, version, out); }
  void operator()(const Connack& p) const { EncodeConnack(p, version, out); }
  void operator()(const Publish& p) const { EncodePublish(p, out); }
  void operator()(const Puback& p) const { EncodeAck(PacketType::kPuback, p.id, out); }
  void operator()(const Pubrec& p) const { EncodeAck(PacketType::kPubrec, p.id, out); }
  void operator()(const Pubrel& p) const { EncodeAck(PacketType::kPubrel, p.id, out); }
  void operator()(const Pubcomp& p) const { EncodeAck(PacketType::kPubcomp, p.id, out); }
  void operator()(const Subscribe& p) const { EncodeSubscribe(p, out); }
  void operator()(const Suback& p) const { EncodeSuback(p, out); }
  void operator()(const Unsubscribe& p) const { EncodeUnsubscribe(p, out); }
  void operator()(const Unsuback& p) const { EncodeAck(PacketType::kUnsuback, p.id, out); }
  void operator()(const Pingreq&) const { PutFixedHeader(PacketType::kPingreq, 0, 0, out); }
  void operator()(const Pingresp&) const { PutFixedHeader(PacketType::kPingresp, 0, 0, out); }
  void operator()(const Disconnect&) const { PutFixedHeader(PacketType::kDisconnect, 0, 0, out); }
};

}  // namespace

void Encode(const Packet& packet, Version version, std::string& out) {
  Require(version != Version::k5 || std::holds_alternative<Connack>(packet));
  std::visit(PacketEncoder{version, out}, packet);
}

void EncodeConnack(const Connack& connack, Version version, std::string& out) {
  const bool has_properties = version == Version::k5;
  PutFixedHeader(PacketType::kConnack, 0, has_properties ? 3 : 2, out);
  // MQTT-3.2.2-4; 3.1 reserves the byte.
  const bool present = connack.session_present && connack.code == 0 && version != Version::k31;
  PutByte(present ? 1 : 0, out);
  PutByte(connack.code, out);
  if (has_properties) PutByte(0, out);
}

void EncodeAck(PacketType type, PacketId id, std::string& out) {
  PutFixedHeader(type, type == PacketType::kPubrel ? 0x02 : 0, 2, out);  // MQTT-3.6.1-1
  PutId(id, out);
}

size_t PublishHeadSize(const Message& message) {
  return kMaxFixedHeader + 2 + message.topic().size() + 2;
}

size_t WritePublishHead(const PublishHead& head, const Message& message, char* out) {
  const bool has_id = head.qos != Qos::kAtMostOnce;
  const std::string_view topic = message.topic();
  char* at = out;
  *at++ = static_cast<char>(static_cast<uint8_t>(PacketType::kPublish) << 4 |
                            PublishFlags(head.qos, head.dup, head.retain));
  at = WriteRemainingLength(2 + message.size() + (has_id ? 2 : 0), at);
  at = WriteU16(static_cast<uint16_t>(topic.size()), at);
  std::memcpy(at, topic.data(), topic.size());
  at += topic.size();
  if (has_id) at = WriteU16(static_cast<uint16_t>(head.id), at);
  return static_cast<size_t>(at - out);
}

void EncodePublishHead(const PublishHead& head, const Message& message, std::string& out) {
  const size_t before = out.size();
  out.resize(before + PublishHeadSize(message));
  out.resize(before + WritePublishHead(head, message, out.data() + before));
}

}  // namespace chat::mqtt
