#include "libs/courier/mail_address.h"

#include <algorithm>

namespace chat::courier {
namespace {

constexpr size_t kMaxAddress = 254;  // RFC 5321, 4.5.3.1.3 without the angle brackets
constexpr size_t kMaxLocal = 64;
constexpr size_t kMaxLabel = 63;

bool IsLetterOrDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool IsAtomText(char c) {
  return IsLetterOrDigit(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// Splits at every dot; each part must please `is_part`.
template <typename IsPart>
bool AreParts(std::string_view text, IsPart is_part) {
  for (;;) {
    const size_t dot = text.find('.');
    if (!is_part(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

bool IsAtom(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsAtomText);
}

bool IsLabel(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && text.front() != '-' && text.back() != '-' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLetterOrDigit(c) || c == '-'; });
}

}  // namespace

bool IsMailAddress(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || text.size() > kMaxAddress) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  return local.size() <= kMaxLocal && AreParts(local, IsAtom) &&
         domain.find('.') != std::string_view::npos && AreParts(domain, IsLabel);
}

std::string FoldedAddress(std::string_view address) {
  std::string folded(address);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace chat::courier
