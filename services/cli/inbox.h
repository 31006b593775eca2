// Messages that a command has met on its way and that are listen's to print.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "libs/client/device.h"

namespace chat::cli {

// The server keeps at most 32 unacknowledged messages in flight for a session (PROTOCOL 1.2), and
// what comes behind them waits, the answer to a request included. So a command acknowledges what it
// meets, but not before it is on disk here: the device has it, and listen prints it first.
//
// One JSON object a line: topic, qos, payload in hex. A line that a crash has cut is skipped; its
// message was not acknowledged and comes again. Used under Home::LockConnection.
class Inbox {
 public:
  explicit Inbox(std::string path) : path_(std::move(path)) {}

  // On disk when it returns. kInternal when the inbox has reached 64 MiB.
  absl::Status Append(const client::Incoming& incoming) const;
  absl::StatusOr<std::vector<client::Incoming>> Read() const;
  // Keeps only these.
  absl::Status Replace(const std::vector<client::Incoming>& messages) const;

 private:
  std::string path_;
};

}  // namespace chat::cli
