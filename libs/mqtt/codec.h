#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/message.h"
#include "libs/mqtt/packet.h"

// Bytes <-> packets of MQTT 3.1, 3.1.1 and 5.0. A decoder learns the version from the CONNECT that
// it decodes, or is told. No state machine is in here: that the first packet is CONNECT, for one,
// is Connection's to say.
namespace chat::mqtt {

// Whose bytes are decoded: a kServer decoder takes what clients send, a kClient decoder what
// servers send. A packet that never travels in that direction is an error.
enum class Role : uint8_t { kServer, kClient };

enum class DecodeStatus : uint8_t { kPacket, kNeedMore, kError };

// The remaining length has at most four bytes (2.2.3).
inline constexpr uint32_t kMaxRemainingLength = 268'435'455;

// Incremental decoder of one byte stream. Memory: a packet that lies whole in the input is decoded
// in place; bytes are copied only while a packet is incomplete, never more than have arrived, and
// the buffer is given back as soon as the packet has been read. Not thread-safe.
class Decoder {
 public:
  // `max_packet_size` bounds a whole packet, fixed header included; it is checked from the fixed
  // header, before the body is kept (Reason::kPacketTooLarge).
  Decoder(Role role, uint32_t max_packet_size);

  // Takes bytes off the front of `input` up to the end of the next packet.
  //   kPacket    `packet` is set. Its views hold until the next call of Next and as long as the
  //   bytes
  //              of `input` do, whichever ends first.
  //   kNeedMore  `input` is used up (empty now); call again with more bytes.
  //   kError     `error` is set: the stream is beyond repair, every further call answers kError.
  // The usual loop: while (decoder.Next(input, packet, error) == kPacket) ...; the last call, which
  // answers kNeedMore, also gives the buffer back.
  DecodeStatus Next(std::string_view& input, Packet& packet, ProtocolError& error);

  // The framing of a stream without CONNECT in it (Role::kClient). Before the first packet.
  void SetVersion(Version version) { level_ = static_cast<uint8_t>(version); }

  // The protocol level byte of the first CONNECT, decoded or refused; 0 before. After
  // Reason::kUnsupportedProtocolVersion it says in which framing to answer, 4 or 5.
  uint8_t connect_level() const { return level_; }

  // Gives the buffer back when the packet in it has been handed out; its views end. For a caller
  // that stops in the middle of the usual loop.
  void Trim();

  // Bytes kept of an incomplete packet.
  size_t buffered() const { return buffer_.size(); }

 private:
  DecodeStatus Fail(ProtocolError& error, const ProtocolError& what);
  void Keep(std::string_view& input, size_t count, size_t total);
  std::optional<ProtocolError> Read(PacketType type, uint8_t flags, std::string_view body,
                                    Packet& packet);

  std::string buffer_;
  uint32_t max_packet_size_;
  Role role_;
  uint8_t level_ = 0;
  bool spent_ = false;  // buffer_ holds the packet that was last handed out
  bool failed_ = false;
};

// Appends the packet to `out` in the framing of `version`; below k5 properties and reason codes
// have no place and are left out. The caller keeps to the rules of the standard: strings of at most
// 65,535 bytes of valid UTF-8, a packet id where one is due, lists that are not empty; an encoded
// packet beyond kMaxRemainingLength is an invariant broken (aborts).
void Encode(const Packet& packet, Version version, std::string& out);
void EncodeConnack(const Connack& connack, Version version, std::string& out);
// PUBACK, PUBREC, PUBREL or PUBCOMP without building a Packet.
void EncodeAck(PacketType type, PacketId id, std::string& out);
void EncodeAck(PacketType type, PacketId id, Version version, Reason reason, std::string& out);

// The identifiers of the subscriptions that brought a message (5.0); null: none.
using SubscriptionIds = std::shared_ptr<const std::vector<uint32_t>>;

// What differs between the receivers of one message.
struct PublishHead {
  Qos qos = Qos::kAtMostOnce;
  bool dup = false;
  bool retain = false;
  PacketId id = kNoPacketId;  // set exactly when qos > 0
  SubscriptionIds subscriptions = nullptr;
};

// What differs between the connections of one receiver.
struct PublishFraming {
  Version version = Version::k311;
  bool with_topic = true;  // 5.0: false when `alias` stands for it already
  uint16_t alias = 0;      // 5.0: 0 for none
  std::optional<uint32_t> expiry_s;
};

// Fan-out: appends everything of the PUBLISH that precedes the payload (fixed header, topic, packet
// id, properties). The packet is this head followed by message.payload(), which all receivers
// share.
void EncodePublishHead(const PublishHead& head, const Message& message, std::string& out,
                       const PublishFraming& framing = {});
// The same into memory of the caller's: `out` has room for PublishHeadSize bytes; answers how many
// were written.
size_t WritePublishHead(const PublishHead& head, const Message& message, char* out,
                        const PublishFraming& framing = {});
// The size of that PUBLISH with its payload.
size_t PublishSize(const PublishHead& head, const Message& message,
                   const PublishFraming& framing = {});
// The most bytes the head of this message can take.
size_t PublishHeadSize(const PublishHead& head, const Message& message);

}  // namespace chat::mqtt
