#include "services/roster/nick.h"

#include <locale.h>
#include <wctype.h>

#include <cstdint>
#include <cstdlib>

namespace chat::roster {
namespace {

constexpr size_t kMinCharacters = 2;
constexpr size_t kMaxCharacters = 32;

locale_t Unicode() {
  static const locale_t locale = [] {
    locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (made == nullptr) std::abort();  // Every glibc since 2.35 has it.
    return made;
  }();
  return locale;
}

// Takes one character off the front; nullopt when it is not well-formed UTF-8.
std::optional<uint32_t> TakeCharacter(std::string_view& text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
  if ((length == 4 && lead >> 3 != 30) || text.size() < length) return std::nullopt;
  uint32_t character = length == 1 ? lead : lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6 != 2) return std::nullopt;
    character = character << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < kSmallest[length] || surrogate || character > 0x10ffff) return std::nullopt;
  text.remove_prefix(length);
  return character;
}

void Append(uint32_t character, std::string& text) {
  if (character < 0x80) {
    text += static_cast<char>(character);
    return;
  }
  const int tail = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
  constexpr uint8_t kLead[] = {0, 0xc0, 0xe0, 0xf0};
  text += static_cast<char>(kLead[tail] | character >> (6 * tail));
  for (int i = tail - 1; i >= 0; --i)
    text += static_cast<char>(0x80 | (character >> (6 * i) & 0x3f));
}

bool Allowed(uint32_t character) {
  return character == '_' || character == '.' || character == '-' ||
         iswalnum_l(static_cast<wint_t>(character), Unicode());
}

uint32_t Fold(uint32_t character) {
  // The dotted capital and the dotless small i have no simple folding (only a Turkic one).
  if (character == 0x130 || character == 0x131) return character;
  return towlower_l(towupper_l(static_cast<wint_t>(character), Unicode()), Unicode());
}

}  // namespace

std::optional<std::string> FoldNick(std::string_view nick) {
  std::string folded;
  size_t characters = 0;
  while (!nick.empty()) {
    const std::optional<uint32_t> character = TakeCharacter(nick);
    if (!character || !Allowed(*character) || ++characters > kMaxCharacters) return std::nullopt;
    Append(Fold(*character), folded);
  }
  if (characters < kMinCharacters) return std::nullopt;
  return folded;
}

}  // namespace chat::roster
