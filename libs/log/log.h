// Structured logs: one JSON object a line on standard error, with "time" (RFC 3339, UTC,
// milliseconds), "level", "process", "message" and the fields given. Thread safe; never throws; a
// line is written whole. Never log a code, a token, a password or a message's text: Masked() shows
// that there was one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace chat::log {

enum class Level { kDebug, kInfo, kWarn, kError };

struct Field {
  template <typename T>
  requires std::is_integral_v<T> &&(!std::is_same_v<T, bool>)Field(std::string_view k, T v)
      : key(k), value(static_cast<int64_t>(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}

  std::string_view key;
  std::variant<int64_t, bool, double, std::string_view> value;
};

// Call once before threads start. `process` is e.g. "messaging-2".
void Start(std::string process, Level level);
// "debug", "info", "warn", "error"; anything else is kInfo and false.
bool ParseLevel(std::string_view text, Level* level);

void Write(Level level, std::string_view message, std::initializer_list<Field> fields);
inline void Debug(std::string_view m, std::initializer_list<Field> f = {}) {
  Write(Level::kDebug, m, f);
}
inline void Info(std::string_view m, std::initializer_list<Field> f = {}) {
  Write(Level::kInfo, m, f);
}
inline void Warn(std::string_view m, std::initializer_list<Field> f = {}) {
  Write(Level::kWarn, m, f);
}
inline void Error(std::string_view m, std::initializer_list<Field> f = {}) {
  Write(Level::kError, m, f);
}

// "3806…34": enough to recognise a phone number or token, not enough to use it.
std::string Masked(std::string_view secret);

}  // namespace chat::log
