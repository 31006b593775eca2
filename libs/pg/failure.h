// What an exception of libpqxx means.
#pragma once

#include <absl/status/status.h>

#include <exception>

namespace chat::pg {

struct Failure {
  absl::Status status;
  const char* kind = "internal";  // label of chat_pg_errors_total
  bool broken = false;            // the connection is of no more use
  bool retry = false;             // the transaction was rolled back and may succeed another time
};

// `open` is whether the connection still stands.
Failure Classify(const std::exception& error, bool open);

}  // namespace chat::pg
