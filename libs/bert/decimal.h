#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chat::bert {

// Conversions between little-endian magnitudes (as in Term::AsBigInteger) and decimal digits. Both
// cost the square of the length: bound it first.

// Without leading zeros; "0" for an empty magnitude.
std::string MagnitudeToDecimal(std::string_view magnitude);

// `digits` are '0'..'9' only. Without leading zero bytes; empty for zero.
std::string DecimalToMagnitude(std::string_view digits);

// Digits that a magnitude of so many bytes has at most.
constexpr size_t MaxDecimalDigits(size_t bytes) { return bytes * 241 / 100 + 1; }

}  // namespace chat::bert
