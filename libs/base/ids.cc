#include "libs/base/ids.h"

#include <algorithm>
#include <charconv>

#include "libs/base/utf8.h"

namespace chat {
namespace {

constexpr size_t kShortestPhone = 5;
constexpr size_t kLongestPhone = 15;
constexpr size_t kLongestRoomId = 128;

bool IsPhone(std::string_view text) {
  return text.size() >= kShortestPhone && text.size() <= kLongestPhone &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<PhoneId> PhoneId::Parse(std::string_view text) {
  size_t split = text.rfind('_');
  if (split == std::string_view::npos || !IsPhone(text.substr(0, split))) return std::nullopt;
  std::string_view digits = text.substr(split + 1);
  if (digits.empty() || digits[0] < '1' || digits[0] > '9') return std::nullopt;
  int64_t roster = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), roster);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return PhoneId{std::string(text.substr(0, split)), RosterId{roster}};
}

bool IsRoomId(std::string_view text) {
  if (text.empty() || text.size() > kLongestRoomId || PhoneId::Parse(text)) return false;
  for (unsigned char c : text) {
    if (c < 0x20 || c == 0x7f || c == '/' || c == '+' || c == '#') return false;
  }
  if (!CountCharacters(text)) return false;
  // U+0080 to U+009F are control characters, too.
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

std::optional<std::string> NormalisePhone(std::string_view text) {
  if (!text.empty() && text[0] == '+') text.remove_prefix(1);
  if (!IsPhone(text)) return std::nullopt;
  return std::string(text);
}

}  // namespace chat
