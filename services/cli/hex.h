#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat::cli {

std::string ToHex(std::string_view bytes);
// Either letter case; nothing when it is not hex.
std::optional<std::string> FromHex(std::string_view hex);

}  // namespace chat::cli
