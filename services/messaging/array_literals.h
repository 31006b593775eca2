// PostgreSQL array literals for `$1::bytea[]` and friends: libpqxx 6 has no array parameters. The
// server parses them as values, so they are parameters like any other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat::messaging {

// One literal, element by element.
class ArrayLiteral {
 public:
  void Add(int64_t value);
  void AddText(std::string_view value);   // quoted
  void AddBytes(std::string_view value);  // bytea, as hex
  void AddNull();
  std::string text() const { return text_ + "}"; }

 private:
  void Separate();
  std::string text_ = "{";
};

}  // namespace chat::messaging
