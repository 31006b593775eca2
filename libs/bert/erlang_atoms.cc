#include "libs/bert/erlang_atoms.h"

#include <algorithm>
#include <array>

namespace chat::bert {
namespace {

constexpr std::array<std::string_view, 29> kReserved = {
    "after", "and",   "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr", "bxor",
    "case",  "catch", "cond",    "div",    "else",    "end",  "fun", "if",   "let", "maybe",
    "not",   "of",    "or",      "orelse", "receive", "rem",  "try", "when", "xor"};

static_assert(std::is_sorted(kReserved.begin(), kReserved.end()));

bool InRange(char32_t character, char32_t first, char32_t last) {
  return character >= first && character <= last;
}

}  // namespace

bool StartsAtom(char32_t character) {
  return InRange(character, 'a', 'z') || (InRange(character, 0xdf, 0xff) && character != 0xf7);
}

bool ContinuesAtom(char32_t character) {
  return StartsAtom(character) || InRange(character, 'A', 'Z') || InRange(character, '0', '9') ||
         character == '_' || character == '@' ||
         (InRange(character, 0xc0, 0xde) && character != 0xd7);
}

bool IsReservedWord(std::string_view name) {
  return std::binary_search(kReserved.begin(), kReserved.end(), name);
}

}  // namespace chat::bert
