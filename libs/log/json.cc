#include "libs/log/json.h"

#include <cstdint>
#include <cstdio>

namespace chat::log {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

bool IsTail(char c) { return (static_cast<uint8_t>(c) & 0xC0) == 0x80; }

// Length of the well-formed UTF-8 sequence that `text` begins with, 0 if there is none
// (Unicode, table 3-7).
size_t SequenceLength(std::string_view text) {
  auto lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return 1;
  size_t length = lead >= 0xC2 && lead <= 0xDF   ? 2
                  : lead >= 0xE0 && lead <= 0xEF ? 3
                  : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!IsTail(text[i])) return 0;
  }
  auto second = static_cast<uint8_t>(text[1]);
  bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  bool surrogate = lead == 0xED && second > 0x9F;
  bool beyond = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond ? 0 : length;
}

void AppendAscii(char c, std::string* out) {
  switch (c) {
    case '"':
      out->append("\\\"");
      return;
    case '\\':
      out->append("\\\\");
      return;
    case '\n':
      out->append("\\n");
      return;
    case '\r':
      out->append("\\r");
      return;
    case '\t':
      out->append("\\t");
      return;
    default:
      break;
  }
  if (static_cast<uint8_t>(c) >= 0x20 && c != 0x7F) {
    out->push_back(c);
    return;
  }
  char escaped[8];
  std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
  out->append(escaped);
}

}  // namespace

void AppendJsonString(std::string_view text, size_t limit, std::string* out) {
  out->push_back('"');
  size_t at = 0;
  while (at < text.size()) {
    size_t length = SequenceLength(text.substr(at));
    if (at + (length == 0 ? 1 : length) > limit) {
      out->append(kEllipsis);
      break;
    }
    if (length == 0) {
      out->append(kReplacement);
      at += 1;
    } else if (length == 1) {
      AppendAscii(text[at], out);
      at += 1;
    } else {
      out->append(text.substr(at, length));
      at += length;
    }
  }
  out->push_back('"');
}

}  // namespace chat::log
