// Commands with answers, from any thread, over a small pool of connections. For what may be lost:
// leases, presence, hints.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chat::redis {

class Client {
 public:
  // `timeout` bounds connecting and each command.
  explicit Client(std::string address, int connections = 2,
                  std::chrono::milliseconds timeout = std::chrono::milliseconds(250));
  ~Client();

  // Runs commands as one pipeline; one text answer each (nil: nullopt; integers as decimal text;
  // arrays are not supported: kInternal). kUnavailable when Redis is away.
  absl::StatusOr<std::vector<std::optional<std::string>>> Run(
      const std::vector<std::vector<std::string>>& commands);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::redis
