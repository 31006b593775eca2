// Errors are values: absl::Status and absl::StatusOr, passed up with two macros.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <string_view>
#include <utility>

namespace chat {

// absl::string_view is not std::string_view in Debian's build; the rest of the code has std types.
inline absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }
inline std::string Text(absl::string_view text) { return {text.data(), text.size()}; }
inline std::string Message(const absl::Status& status) { return Text(status.message()); }

}  // namespace chat

// Returns from the enclosing function when `expression` (absl::Status) is an error.
#define CHAT_RETURN_IF_ERROR(expression)                                                \
  do {                                                                                  \
    if (absl::Status chat_status = (expression); !chat_status.ok()) return chat_status; \
  } while (false)

#define CHAT_STATUS_NAME_(a, b) a##b
#define CHAT_STATUS_NAME(a, b) CHAT_STATUS_NAME_(a, b)

// `target` becomes the value of `expression` (absl::StatusOr), or the function returns its error.
#define CHAT_ASSIGN_OR_RETURN(target, expression) \
  CHAT_ASSIGN_OR_RETURN_(CHAT_STATUS_NAME(chat_value_, __LINE__), target, expression)
#define CHAT_ASSIGN_OR_RETURN_(value, target, expression) \
  auto value = (expression);                              \
  if (!value.ok()) return std::move(value).status();      \
  target = *std::move(value)
