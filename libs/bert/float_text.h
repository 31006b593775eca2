#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat::bert {

// Erlang's float syntax: sign, digits, '.', digits and perhaps an exponent, nothing else. Nothing
// when the text is something else or above the largest double; below the smallest it is zero.
std::optional<double> ParseFloat(std::string_view text);

// The shortest text that ParseFloat reads as `value` (finite), laid out as OTP 25 does: `100.0`,
// `1.0e3`, `-0.25`.
std::string PrintFloat(double value);

}  // namespace chat::bert
