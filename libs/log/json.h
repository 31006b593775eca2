// Writing JSON: only what a log line needs.
#pragma once

#include <string>
#include <string_view>

namespace chat::log {

// Appends `text` as a JSON string with its quotes. Bytes that are no UTF-8 become U+FFFD; what is
// longer than `limit` bytes is cut and ends with "…". The result is valid JSON for every input.
void AppendJsonString(std::string_view text, size_t limit, std::string* out);

}  // namespace chat::log
