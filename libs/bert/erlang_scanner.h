#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "libs/bert/term.h"

namespace chat::bert {

// The lexical half of ParseErlangText: reads words, quoted text and numbers from left to right. A
// failed read keeps the first reason and where it was.
class ErlangScanner {
 public:
  ErlangScanner(std::string_view text, size_t max_integer_bytes)
      : text_(text), max_integer_bytes_(max_integer_bytes) {}

  // White space and comments.
  void SkipBlank();
  // Skips white space and then `symbol`, if it is next.
  bool Accept(std::string_view symbol);
  bool Expect(std::string_view symbol);

  bool AtEnd() const { return position_ == text_.size(); }
  // The next character as a byte, '\0' at the end.
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  bool AtNumber() const;

  // A word that starts as an unquoted atom.
  bool ReadWord(std::string& word);
  // Text between `quote`s, the first of which is next, as code points.
  bool ReadQuoted(char quote, std::u32string& characters);
  // `$c`.
  bool ReadCharacterLiteral(char32_t& character);
  // An integer or float, with its sign.
  bool ReadNumber(Term& number);

  // Always false.
  bool Fail(std::string_view reason);
  // "byte 12: why".
  std::string Reason() const;

 private:
  bool ReadCharacter(char32_t& character);
  bool ReadEscape(char32_t& character);
  bool ReadOctal(char32_t& character);
  bool ReadHex(char32_t& character);
  std::string_view ReadDigits();
  bool ReadBased(bool negative, std::string_view base, Term& number);
  bool ReadFloat(size_t start, Term& number);

  const std::string_view text_;
  const size_t max_integer_bytes_;
  size_t position_ = 0;
  std::string reason_;
  size_t reason_position_ = 0;
};

}  // namespace chat::bert
