#pragma once

#include <absl/status/status.h>

namespace chat::cli {

enum class ExitCode : int {
  kDone = 0,
  kRefused = 1,       // the server said no; the error code is on stderr
  kUsage = 2,         // wrong call, or the home cannot be used
  kNoConnection = 3,  // no connection, no answer, or a server that breaks the protocol
};

// The exit code of a finished command. Errors of the home are kInternal.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace chat::cli
