#include "libs/mqtt/body_reader.h"

#include "libs/mqtt/topic.h"

namespace chat::mqtt {

bool BodyReader::Byte(uint8_t& value) {
  if (bytes_.empty()) return false;
  value = static_cast<uint8_t>(bytes_[0]);
  bytes_.remove_prefix(1);
  return true;
}

bool BodyReader::U16(uint16_t& value) {
  uint8_t high = 0;
  uint8_t low = 0;
  if (bytes_.size() < 2 || !Byte(high) || !Byte(low)) return false;
  value = static_cast<uint16_t>(high << 8 | low);
  return true;
}

bool BodyReader::U32(uint32_t& value) {
  uint16_t high = 0;
  uint16_t low = 0;
  if (bytes_.size() < 4 || !U16(high) || !U16(low)) return false;
  value = static_cast<uint32_t>(high) << 16 | low;
  return true;
}

bool BodyReader::Field(std::string_view& value) {
  uint16_t length = 0;
  return U16(length) && Take(length, value);
}

bool BodyReader::Take(size_t count, std::string_view& value) {
  if (bytes_.size() < count) return false;
  value = bytes_.substr(0, count);
  bytes_.remove_prefix(count);
  return true;
}

bool BodyReader::Variable(uint32_t& value) {
  value = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    uint8_t byte = 0;
    if (!Byte(byte)) return false;
    value |= static_cast<uint32_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) return byte != 0 || shift == 0;
  }
  return false;
}

Failure ReadId(BodyReader& body, PacketId& id) {
  uint16_t value = 0;
  if (!body.U16(value)) return Malformed("MQTT-2.3.1-1", "no packet identifier");
  if (value == 0) return Malformed("MQTT-2.3.1-1", "packet identifier 0");
  id = PacketId{value};
  return {};
}

Failure ReadText(BodyReader& body, std::string_view& text, const char* clause, const char* what) {
  if (!body.Field(text)) return Malformed(clause, what);
  if (!IsValidUtf8(text)) return Malformed("MQTT-1.5.3-1", what);
  return {};
}

}  // namespace chat::mqtt
