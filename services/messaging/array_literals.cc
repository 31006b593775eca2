#include "services/messaging/array_literals.h"

namespace chat::messaging {

void ArrayLiteral::Separate() {
  if (text_.size() > 1) text_ += ',';
}

void ArrayLiteral::Add(int64_t value) {
  Separate();
  text_ += std::to_string(value);
}

void ArrayLiteral::AddText(std::string_view value) {
  Separate();
  text_ += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayLiteral::AddBytes(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  Separate();
  text_.reserve(text_.size() + 2 * value.size() + 8);
  text_ += "\"\\\\x";
  for (unsigned char c : value) {
    text_ += kHex[c >> 4];
    text_ += kHex[c & 15];
  }
  text_ += '"';
}

void ArrayLiteral::AddNull() {
  Separate();
  text_ += "NULL";
}

}  // namespace chat::messaging
