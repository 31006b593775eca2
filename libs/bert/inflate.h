#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat::bert {

// Inflates the zlib stream at the start of `compressed`; bytes behind it are ignored. Nothing
// unless the stream is intact, checksum included, and inflates to exactly `size` bytes. Allocates
// `size` bytes, but never more than the input could possibly inflate to.
std::optional<std::string> Inflate(std::string_view compressed, size_t size);

}  // namespace chat::bert
