#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/client/address.h"

namespace chat::cli {

// One call of the program, as the user wrote it.
struct Arguments {
  std::vector<std::string> operands;
  std::string home;  // empty: ~/.chat
  client::Address gateway{"127.0.0.1", "1883"};
  bool json = false;
  bool all = false;
  std::string metrics;  // "NAME=HOST:PORT …"; empty: CHAT_METRICS
  std::string grpc;     // likewise; empty: CHAT_GRPC
  std::string author;   // phone id
  std::optional<int64_t> count;
  std::optional<int64_t> listen_ms;
  int64_t timeout_ms = 10'000;
};

// A row of the option table.
struct Option {
  std::string_view name;   // "--count"
  std::string_view value;  // "N"; empty: a switch
  std::string_view help;
  bool everywhere;  // every command has it; else those that name it
  bool (*set)(Arguments& arguments, std::string_view value);
};

// A row of the command table (commands.cc). `run` answers kFailedPrecondition for a refusal,
// kInvalidArgument for wrong usage; see exit_code.h.
struct Command {
  std::string_view name;      // "friend add"
  std::string_view operands;  // "PHONE|PHONE_ID"; blanks separate
  std::string_view options;   // "--count --seconds": beside those of every command
  std::string_view summary;
  std::string_view details;
  absl::Status (*run)(const Arguments& arguments);
};

const std::vector<Option>& Options();

// What was asked for: a command with its arguments, or a text to print.
struct Call {
  const Command* command = nullptr;
  Arguments arguments;
  std::string text;  // --help, --version
};

// kInvalidArgument: what is wrong, with the usage line that would be right.
absl::StatusOr<Call> ParseCall(const std::vector<std::string>& words,
                               const std::vector<Command>& commands);

}  // namespace chat::cli
