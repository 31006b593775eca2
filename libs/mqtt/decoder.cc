#include <algorithm>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/packet_body.h"

namespace chat::mqtt {

namespace {

struct FixedHeader {
  PacketType type = PacketType::kConnect;
  uint8_t flags = 0;
  uint32_t length = 0;   // remaining length
  size_t size = 0;       // of the header itself; 0 while it is incomplete
  bool shortest = true;  // the length has no more bytes than need be
};

constexpr uint8_t kLevel5 = static_cast<uint8_t>(Version::k5);

bool TravelsTo(Role role, PacketType type, uint8_t level) {
  switch (type) {
    case PacketType::kConnect:
    case PacketType::kSubscribe:
    case PacketType::kUnsubscribe:
    case PacketType::kPingreq:
      return role == Role::kServer;
    case PacketType::kDisconnect:
      return role == Role::kServer || level >= kLevel5;
    case PacketType::kConnack:
    case PacketType::kSuback:
    case PacketType::kUnsuback:
    case PacketType::kPingresp:
      return role == Role::kClient;
    default:
      return true;
  }
}

// The flags of the first byte (table 2.2). 3.1 counted SUBSCRIBE, UNSUBSCRIBE and PUBREL as QoS 1
// packets, whose repetition carries DUP.
Failure CheckFlags(PacketType type, uint8_t flags, uint8_t level) {
  const bool old = level == static_cast<uint8_t>(Version::k31);
  const uint8_t given = old ? flags & 0x07 : flags;
  switch (type) {
    case PacketType::kPublish:
      if ((flags & 0x06) == 0x06) return Malformed("MQTT-3.3.1-4", "PUBLISH of QoS 3");
      if ((flags & 0x0E) == 0x08) return Malformed("MQTT-3.3.1-2", "PUBLISH of QoS 0 with DUP");
      return {};
    case PacketType::kPubrel:
      if (given != 0x02) return Malformed("MQTT-3.6.1-1", "flags of PUBREL");
      return {};
    case PacketType::kSubscribe:
      if (given != 0x02) return Malformed("MQTT-3.8.1-1", "flags of SUBSCRIBE");
      return {};
    case PacketType::kUnsubscribe:
      if (given != 0x02) return Malformed("MQTT-3.10.1-1", "flags of UNSUBSCRIBE");
      return {};
    case PacketType::kDisconnect:
      if (flags != 0) return Malformed("MQTT-3.14.1-1", "flags of DISCONNECT");
      return {};
    default:
      if (flags != 0) return Malformed("MQTT-2.2.2-2", "reserved flags of the fixed header");
      return {};
  }
}

// Packets whose remaining length is fixed are refused before their body is kept.
Failure CheckLength(PacketType type, uint32_t length, uint8_t level) {
  const bool ping = type == PacketType::kPingreq || type == PacketType::kPingresp;
  if (level >= kLevel5 && !ping) return {};
  switch (type) {
    case PacketType::kConnack:
    case PacketType::kPuback:
    case PacketType::kPubrec:
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
    case PacketType::kUnsuback:
      if (length != 2) return Malformed("MQTT-2.2.3", "remaining length is not 2");
      return {};
    case PacketType::kPingreq:
    case PacketType::kPingresp:
    case PacketType::kDisconnect:
      if (length != 0) return Malformed("MQTT-2.2.3", "remaining length is not 0");
      return {};
    default:
      return {};
  }
}

// The remaining length behind the first byte (2.2.3); leaves size 0 while it is incomplete.
Failure ReadLength(std::string_view bytes, FixedHeader& header) {
  uint32_t length = 0;
  for (size_t i = 1; i < bytes.size(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    length |= static_cast<uint32_t>(byte & 0x7F) << (7 * (i - 1));
    if ((byte & 0x80) == 0) {
      header.length = length;
      header.size = i + 1;
      header.shortest = byte != 0 || i == 1;
      return {};
    }
    if (i == 4) return Malformed("MQTT-2.2.3", "remaining length of more than four bytes");
  }
  return {};
}

Failure ReadHeader(std::string_view bytes, Role role, uint8_t level, FixedHeader& header) {
  if (bytes.empty()) return {};
  const auto first = static_cast<uint8_t>(bytes[0]);
  const uint8_t type = first >> 4;
  if (type == 0 || (type == 15 && level < kLevel5))
    return Malformed("MQTT-2.2.1", "reserved packet type");
  header.type = static_cast<PacketType>(type);
  header.flags = first & 0x0F;
  if (!TravelsTo(role, header.type, level)) {
    return ProtocolError{Reason::kProtocolError, "MQTT-2.2.1", "packet of the other direction"};
  }
  if (Failure failure = CheckFlags(header.type, header.flags, level)) return failure;
  if (Failure failure = ReadLength(bytes, header)) return failure;
  if (header.size == 0) return {};
  if (!header.shortest && level >= kLevel5) {
    return Malformed("MQTT5-1.5.5-1", "remaining length is longer than need be");
  }
  return CheckLength(header.type, header.length, level);
}

}  // namespace

Decoder::Decoder(Role role, uint32_t max_packet_size)
    : max_packet_size_(max_packet_size), role_(role) {}

void Decoder::Trim() {
  if (!spent_) return;
  std::string().swap(buffer_);
  spent_ = false;
}

DecodeStatus Decoder::Fail(ProtocolError& error, const ProtocolError& what) {
  failed_ = true;
  error = what;
  return DecodeStatus::kError;
}

// Moves up to `count` bytes of the input into the buffer, which grows with what arrives and not
// with what is announced, and never beyond the packet's `total`.
void Decoder::Keep(std::string_view& input, size_t count, size_t total) {
  count = std::min(count, input.size());
  const size_t needed = buffer_.size() + count;
  if (needed > buffer_.capacity()) {
    buffer_.reserve(std::min(total, std::max(needed, 2 * buffer_.capacity())));
  }
  buffer_.append(input.substr(0, count));
  input.remove_prefix(count);
}

DecodeStatus Decoder::Next(std::string_view& input, Packet& packet, ProtocolError& error) {
  if (failed_) return Fail(error, Malformed("MQTT-4.8.0-1", "the stream has failed before"));
  Trim();
  FixedHeader header;
  const bool in_place = buffer_.empty();
  // A split fixed header is gathered byte by byte: a byte more might belong to the next packet.
  do {
    if (!in_place && !input.empty()) Keep(input, 1, 0);
    const std::string_view head = in_place ? input : std::string_view(buffer_);
    if (Failure failure = ReadHeader(head, role_, level_, header)) return Fail(error, *failure);
  } while (!in_place && header.size == 0 && !input.empty());
  const size_t total = header.size + header.length;
  if (header.size == 0) {
    if (in_place) Keep(input, input.size(), 0);
    return DecodeStatus::kNeedMore;
  }
  if (total > max_packet_size_) {
    return Fail(error, {Reason::kPacketTooLarge, "MQTT5-3.1.2-24", "packet is too large"});
  }
  std::string_view whole = input.substr(0, total);
  if (!in_place || input.size() < total) {
    Keep(input, total - buffer_.size(), total);
    if (buffer_.size() < total) return DecodeStatus::kNeedMore;
    spent_ = true;
    whole = buffer_;
  } else {
    input.remove_prefix(total);
  }
  if (Failure failure = Read(header.type, header.flags, whole.substr(header.size), packet)) {
    return Fail(error, *failure);
  }
  if (!header.shortest && level_ >= kLevel5) {  // of the CONNECT that has just said its level
    return Fail(error, Malformed("MQTT5-1.5.5-1", "remaining length is longer than need be"));
  }
  return DecodeStatus::kPacket;
}

std::optional<ProtocolError> Decoder::Read(PacketType type, uint8_t flags, std::string_view body,
                                           Packet& packet) {
  if (type != PacketType::kConnect) return ReadBody(role_, type, flags, body, level_, packet);
  // A second CONNECT is the connection's to refuse; the framing stays.
  uint8_t level = 0;
  const Failure failure = ReadConnect(body, packet.emplace<Connect>(), level);
  if (level_ == 0) level_ = level;
  return failure;
}

}  // namespace chat::mqtt
