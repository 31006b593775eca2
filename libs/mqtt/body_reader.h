#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "libs/mqtt/packet.h"
#include "libs/mqtt/properties.h"
#include "libs/mqtt/reason.h"

// The bodies of control packets, piece by piece. Private to the decoder.
namespace chat::mqtt {

using Failure = std::optional<ProtocolError>;

constexpr ProtocolError Malformed(const char* clause, const char* text) {
  return {Reason::kMalformedPacket, clause, text};
}

constexpr ProtocolError Violation(const char* clause, const char* text) {
  return {Reason::kProtocolError, clause, text};
}

// Reads from the front; each answers false when the bytes do not suffice.
class BodyReader {
 public:
  explicit BodyReader(std::string_view bytes) : bytes_(bytes) {}
  bool empty() const { return bytes_.empty(); }
  std::string_view rest() const { return bytes_; }

  bool Byte(uint8_t& value);
  bool U16(uint16_t& value);
  bool U32(uint32_t& value);
  // A length of two bytes and as many bytes (1.5.3, 3.1.3.3).
  bool Field(std::string_view& value);
  // As many bytes as asked for.
  bool Take(size_t count, std::string_view& value);
  // 1.5.5; false also when it is longer than four bytes or than need be [MQTT5-1.5.5-1].
  bool Variable(uint32_t& value);

 private:
  std::string_view bytes_;
};

// A packet identifier, which is not 0.
Failure ReadId(BodyReader& body, PacketId& id);
// A text that must be there and be UTF-8.
Failure ReadText(BodyReader& body, std::string_view& text, const char* clause, const char* what);

// Where properties stand: in a packet of this type, or in the will of a CONNECT.
enum class PropertyPlace : uint8_t { kPacket, kWill };
// Property length and properties (2.2.2): known, allowed here, of the right type, within their
// values and not repeated.
Failure ReadProperties(BodyReader& body, PacketType type, PropertyPlace place,
                       Properties& properties);

}  // namespace chat::mqtt
