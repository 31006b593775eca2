#include "libs/bert/erlang_scanner.h"

#include <algorithm>

#include "libs/base/utf8.h"
#include "libs/bert/decimal.h"
#include "libs/bert/erlang_atoms.h"
#include "libs/bert/float_text.h"

namespace chat::bert {
namespace {

bool IsDigit(char character) { return character >= '0' && character <= '9'; }

// The value of a digit or letter, 99 for anything else.
unsigned DigitValue(char character) {
  if (IsDigit(character)) return static_cast<unsigned>(character - '0');
  if (character >= 'a' && character <= 'z') return static_cast<unsigned>(character - 'a') + 10;
  if (character >= 'A' && character <= 'Z') return static_cast<unsigned>(character - 'A') + 10;
  return 99;
}

bool IsScalar(char32_t character) {
  return character <= 0x10ffff && !(character >= 0xd800 && character <= 0xdfff);
}

}  // namespace

bool ErlangScanner::Fail(std::string_view reason) {
  if (reason_.empty()) {
    reason_ = reason;
    reason_position_ = position_;
  }
  return false;
}

std::string ErlangScanner::Reason() const {
  return "byte " + std::to_string(reason_position_) + ": " + reason_;
}

void ErlangScanner::SkipBlank() {
  for (; !AtEnd(); ++position_) {
    const char next = text_[position_];
    if (next == '%') {
      position_ = std::min(text_.find('\n', position_), text_.size());
      if (AtEnd()) return;
    } else if (next != ' ' && next != '\t' && next != '\n' && next != '\r') {
      return;
    }
  }
}

bool ErlangScanner::Accept(std::string_view symbol) {
  SkipBlank();
  if (!text_.substr(position_).starts_with(symbol)) return false;
  position_ += symbol.size();
  return true;
}

bool ErlangScanner::Expect(std::string_view symbol) {
  return Accept(symbol) || Fail("expected " + std::string(symbol));
}

bool ErlangScanner::AtNumber() const {
  if (IsDigit(Peek())) return true;
  const bool sign = Peek() == '-' || Peek() == '+';
  return sign && position_ + 1 < text_.size() && IsDigit(text_[position_ + 1]);
}

bool ErlangScanner::ReadWord(std::string& word) {
  const size_t start = position_;
  for (size_t next = position_; next < text_.size(); position_ = next) {
    const auto character = NextCharacter(text_, next);
    if (!character) break;
    if (position_ == start ? !StartsAtom(*character) : !ContinuesAtom(*character)) break;
  }
  word = text_.substr(start, position_ - start);
  return !word.empty() || Fail("expected a term");
}

bool ErlangScanner::ReadQuoted(char quote, std::u32string& characters) {
  ++position_;
  while (Peek() != quote || AtEnd()) {
    char32_t character = 0;
    if (!ReadCharacter(character)) return false;
    characters.push_back(character);
  }
  ++position_;
  return true;
}

bool ErlangScanner::ReadCharacterLiteral(char32_t& character) {
  ++position_;
  return ReadCharacter(character);
}

bool ErlangScanner::ReadCharacter(char32_t& character) {
  if (AtEnd()) return Fail("the text ends inside quotes");
  if (Peek() == '\\') {
    ++position_;
    return ReadEscape(character);
  }
  const auto next = NextCharacter(text_, position_);
  if (!next) return Fail("not UTF-8");
  character = *next;
  return true;
}

bool ErlangScanner::ReadEscape(char32_t& character) {
  constexpr std::string_view kLetters = "btnvfredsx";
  constexpr std::string_view kControls = "\b\t\n\v\f\r\x1b\x7f ";
  if (AtEnd()) return Fail("the text ends inside quotes");
  const size_t index = kLetters.find(Peek());
  if (index < kControls.size()) {
    ++position_;
    character = static_cast<char32_t>(kControls[index]);
    return true;
  }
  if (Peek() == 'x') return ReadHex(character);
  if (Peek() >= '0' && Peek() <= '7') return ReadOctal(character);
  const auto next = NextCharacter(text_, position_);
  if (!next) return Fail("not UTF-8");
  character = *next;
  return true;
}

bool ErlangScanner::ReadOctal(char32_t& character) {
  character = 0;
  for (int i = 0; i < 3 && Peek() >= '0' && Peek() <= '7'; ++i, ++position_) {
    character = character * 8 + DigitValue(Peek());
  }
  return true;
}

bool ErlangScanner::ReadHex(char32_t& character) {
  ++position_;
  const bool braces = Peek() == '{';
  if (braces) ++position_;
  const size_t start = position_;
  const size_t most = braces ? 6 : 2;
  character = 0;
  for (; position_ - start < most && DigitValue(Peek()) < 16; ++position_) {
    character = character * 16 + DigitValue(Peek());
  }
  const bool complete = braces ? position_ > start && Peek() == '}' : position_ - start == 2;
  if (!complete || !IsScalar(character)) return Fail("expected \\xHH or \\x{H...}");
  if (braces) ++position_;
  return true;
}

std::string_view ErlangScanner::ReadDigits() {
  const size_t start = position_;
  while (IsDigit(Peek())) ++position_;
  return text_.substr(start, position_ - start);
}

bool ErlangScanner::ReadNumber(Term& number) {
  const size_t start = position_;
  const bool negative = Peek() == '-';
  if (negative || Peek() == '+') ++position_;
  std::string_view digits = ReadDigits();
  const bool fraction =
      Peek() == '.' && position_ + 1 < text_.size() && IsDigit(text_[position_ + 1]);
  if (fraction) return ReadFloat(start, number);
  if (Peek() == '#' && text_.substr(position_, 2) != "#{")
    return ReadBased(negative, digits, number);
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
  if (digits.size() > MaxDecimalDigits(max_integer_bytes_))
    return Fail("an integer that is too large");
  const std::string magnitude = DecimalToMagnitude(digits);
  if (magnitude.size() > max_integer_bytes_) return Fail("an integer that is too large");
  number = Term::BigInteger(negative, magnitude);
  return true;
}

// `16#ff`, at most 64 bits.
bool ErlangScanner::ReadBased(bool negative, std::string_view base_digits, Term& number) {
  unsigned base = 0;
  for (const char digit : base_digits.substr(0, 3)) base = base * 10 + DigitValue(digit);
  if (base < 2 || base > 36 || base_digits.size() > 2) return Fail("a base outside 2..36");
  ++position_;
  const size_t start = position_;
  uint64_t value = 0;
  for (; DigitValue(Peek()) < base; ++position_) {
    if (__builtin_mul_overflow(value, base, &value) ||
        __builtin_add_overflow(value, DigitValue(Peek()), &value)) {
      return Fail("a number with base above 64 bits");
    }
  }
  if (position_ == start) return Fail("expected digits");
  std::string magnitude;
  for (; value != 0; value >>= 8) magnitude.push_back(static_cast<char>(value));
  number = Term::BigInteger(negative, magnitude);
  return true;
}

// The sign and the digits before the point have been read.
bool ErlangScanner::ReadFloat(size_t start, Term& number) {
  ++position_;
  ReadDigits();
  if (Peek() == 'e' || Peek() == 'E') {
    ++position_;
    if (Peek() == '-' || Peek() == '+') ++position_;
    ReadDigits();
  }
  const auto value = ParseFloat(text_.substr(start, position_ - start));
  if (!value) return Fail("not a float");
  number = Term::Float(*value);
  return true;
}

}  // namespace chat::bert
