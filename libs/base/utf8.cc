#include "libs/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace chat {
namespace {

struct Lead {
  size_t length;
  char32_t bits;
  char32_t smallest;
};

std::optional<Lead> ReadLead(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if (byte >= 0xc2 && byte < 0xe0) return Lead{2, byte & 0x1fu, 0x80};
  if (byte >= 0xe0 && byte < 0xf0) return Lead{3, byte & 0x0fu, 0x800};
  if (byte >= 0xf0 && byte < 0xf5) return Lead{4, byte & 0x07u, 0x10000};
  return std::nullopt;
}

}  // namespace

std::optional<char32_t> NextCharacter(std::string_view text, size_t& position) {
  if (position >= text.size()) return std::nullopt;
  const auto lead = ReadLead(static_cast<unsigned char>(text[position]));
  if (!lead || text.size() - position < lead->length) return std::nullopt;
  char32_t character = lead->bits;
  for (size_t i = 1; i < lead->length; ++i) {
    const auto byte = static_cast<unsigned char>(text[position + i]);
    if ((byte & 0xc0) != 0x80) return std::nullopt;
    character = character << 6 | (byte & 0x3fu);
  }
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < lead->smallest || surrogate || character > 0x10ffff) return std::nullopt;
  position += lead->length;
  return character;
}

std::optional<size_t> CountCharacters(std::string_view text) {
  if (IsAscii(text)) return text.size();
  size_t count = 0;
  for (size_t position = 0; position < text.size(); ++count) {
    if (!NextCharacter(text, position)) return std::nullopt;
  }
  return count;
}

void AppendCharacter(char32_t character, std::string& out) {
  const auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (character < 0x80) return push(character);
  if (character < 0x800) {
    push(0xc0 | character >> 6);
  } else if (character < 0x10000) {
    push(0xe0 | character >> 12);
    push(0x80 | (character >> 6 & 0x3f));
  } else {
    push(0xf0 | character >> 18);
    push(0x80 | (character >> 12 & 0x3f));
    push(0x80 | (character >> 6 & 0x3f));
  }
  push(0x80 | (character & 0x3f));
}

bool IsAscii(std::string_view text) {
  constexpr uint64_t kHighBits = 0x8080808080808080;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof(word));
    if (word & kHighBits) return false;
  }
  for (; i < text.size(); ++i) {
    if (static_cast<unsigned char>(text[i]) >= 0x80) return false;
  }
  return true;
}

std::string FromLatin1(std::string_view latin1) {
  std::string text;
  text.reserve(latin1.size() * 2);
  for (const char byte : latin1) AppendCharacter(static_cast<unsigned char>(byte), text);
  return text;
}

}  // namespace chat
