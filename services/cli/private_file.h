// Files that only their owner may read.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

namespace chat::cli {

// All errors are kInternal and name the file.

// Mode 600, replaced as a whole: a temporary file beside it, fsync, rename.
absl::Status WritePrivate(const std::string& path, std::string_view text);
// Mode 600, on disk when it returns.
absl::Status AppendPrivate(const std::string& path, std::string_view text);
// Nothing when there is no such file; an error when it is longer than `max_bytes`.
absl::StatusOr<std::optional<std::string>> ReadPrivate(const std::string& path, size_t max_bytes);
// 0 when there is none.
size_t FileSize(const std::string& path);

}  // namespace chat::cli
