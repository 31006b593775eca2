// The commands of the program.
#pragma once

#include <vector>

#include "services/cli/arguments.h"

namespace chat::cli {

// The table; the order is that of the help text.
const std::vector<Command>& Commands();

// auth_commands.cc
absl::Status Register(const Arguments& arguments);
absl::Status Verify(const Arguments& arguments);
absl::Status Login(const Arguments& arguments);
absl::Status Logout(const Arguments& arguments);
// friend_commands.cc
absl::Status FriendAdd(const Arguments& arguments);
absl::Status FriendConfirm(const Arguments& arguments);
// send_command.cc
absl::Status Send(const Arguments& arguments);
// listen_command.cc
absl::Status Listen(const Arguments& arguments);
// history_command.cc
absl::Status History(const Arguments& arguments);
// top_command.cc
absl::Status Top(const Arguments& arguments);
// trace_command.cc
absl::Status Trace(const Arguments& arguments);
// bert_command.cc
absl::Status Bert(const Arguments& arguments);

}  // namespace chat::cli
