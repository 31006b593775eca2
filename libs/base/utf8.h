#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

// Strict UTF-8 (CHAT 2.3): no overlong forms, no surrogates, nothing above U+10FFFF.

// The character at `position`, which moves behind it; nothing at the end or when the bytes are no
// character.
std::optional<char32_t> NextCharacter(std::string_view text, size_t& position);

// Nothing when the text is not UTF-8.
std::optional<size_t> CountCharacters(std::string_view text);

// `character` is a Unicode scalar value.
void AppendCharacter(char32_t character, std::string& out);

bool IsAscii(std::string_view text);

// The UTF-8 form of Latin-1 bytes.
std::string FromLatin1(std::string_view latin1);

}  // namespace chat
