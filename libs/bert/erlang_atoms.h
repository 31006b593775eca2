#pragma once

#include <string_view>

namespace chat::bert {

// May this character start an unquoted atom, or follow in one? Latin-1 only, as in
// `io_lib:write_atom/1`.
bool StartsAtom(char32_t character);
bool ContinuesAtom(char32_t character);

// Words of the language, which are atoms only in quotes.
bool IsReservedWord(std::string_view name);

}  // namespace chat::bert
