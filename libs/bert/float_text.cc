#include "libs/bert/float_text.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

namespace chat::bert {
namespace {

size_t CountDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
  return count;
}

// Removes the digits at the front; false when there are none.
bool SkipDigits(std::string_view& text) {
  const size_t digits = CountDigits(text);
  text.remove_prefix(digits);
  return digits > 0;
}

bool IsFloatSyntax(std::string_view text) {
  if (!SkipDigits(text) || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  if (!SkipDigits(text)) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  return SkipDigits(text) && text.empty();
}

// A text that from_chars finds out of range: is it too small rather than too large?
bool Underflows(std::string_view unsigned_text) {
  const size_t exponent = unsigned_text.find_first_of("eE");
  if (exponent != std::string_view::npos)
    return unsigned_text.substr(exponent + 1).starts_with('-');
  return unsigned_text.starts_with('0');
}

std::string Scientific(std::string_view digits, int exponent) {
  std::string text(1, digits[0]);
  text += '.';
  text += digits.size() > 1 ? digits.substr(1) : "0";
  return text + 'e' + std::to_string(exponent);
}

// `digits` are those of 0.DIGITS * 10^place; the shorter of both notations, decimal when equal.
std::string Layout(std::string_view digits, int place, bool exact_integer) {
  const int length = static_cast<int>(digits.size());
  if (place > 0 && place < length) {
    return std::string(digits.substr(0, place)) + '.' + std::string(digits.substr(place));
  }
  std::string decimal;
  if (place <= 0) {
    decimal = "0." + std::string(-place, '0') + std::string(digits);
  } else {
    decimal = std::string(digits) + std::string(place - length, '0') + ".0";
  }
  const std::string scientific = Scientific(digits, place - 1);
  return exact_integer && decimal.size() <= scientific.size() ? decimal : scientific;
}

}  // namespace

std::optional<double> ParseFloat(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (!IsFloatSyntax(text)) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    if (!Underflows(text)) return std::nullopt;
    value = 0;
  } else if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return negative ? -value : value;
}

std::string PrintFloat(double value) {
  const std::string sign = std::signbit(value) ? "-" : "";
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return sign + "0.0";
  char buffer[64];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), magnitude, std::chars_format::scientific).ptr;
  const std::string_view text(buffer, end - buffer);
  const size_t mark = text.find('e');
  std::string digits(text.substr(0, mark));
  if (digits.size() > 1) digits.erase(1, 1);
  std::string_view exponent_text = text.substr(mark + 1);
  if (exponent_text.starts_with('+')) exponent_text.remove_prefix(1);
  int exponent = 0;
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  // From 2^53 on OTP always writes an exponent, because not every integer is a float there.
  constexpr double kExactIntegers = 9007199254740992.0;
  return sign + Layout(digits, exponent + 1, magnitude < kExactIntegers);
}

}  // namespace chat::bert
