#include <cstdio>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "services/cli/arguments.h"
#include "services/cli/commands.h"
#include "services/cli/exit_code.h"

namespace chat::cli {
namespace {

int Fail(const absl::Status& status) {
  const ExitCode code = ExitCodeOf(status);
  // A refusal is the error code alone, for scripts.
  const char* prefix = code == ExitCode::kRefused ? "" : "chat: ";
  std::fprintf(stderr, "%s%s\n", prefix, Message(status).c_str());
  return static_cast<int>(code);
}

int Main(const std::vector<std::string>& words) {
  const auto call = ParseCall(words, Commands());
  if (!call.ok()) return Fail(call.status());
  if (call->command == nullptr) {
    std::fputs(call->text.c_str(), stdout);
    return static_cast<int>(ExitCode::kDone);
  }
  const absl::Status status = call->command->run(call->arguments);
  return status.ok() ? static_cast<int>(ExitCode::kDone) : Fail(status);
}

}  // namespace
}  // namespace chat::cli

int main(int count, char** words) {
  return chat::cli::Main({words + (count > 0 ? 1 : 0), words + count});
}
