// Digests and texts that signatures are made of. Pure.
#pragma once

#include <string>
#include <string_view>

namespace chat::media {

std::string Sha256(std::string_view text);
std::string HmacSha256(std::string_view key, std::string_view text);
std::string HmacSha1(std::string_view key, std::string_view text);
std::string Hex(std::string_view bytes);
std::string Base64(std::string_view bytes);
// `bytes` of the system's secure randomness, which is not expected to fail: aborts when it does.
std::string RandomBytes(size_t bytes);
// All but A-Z a-z 0-9 - . _ ~ as %XX; `/` too, unless it is kept.
std::string PercentEncode(std::string_view text, bool keep_slash = false);

}  // namespace chat::media
