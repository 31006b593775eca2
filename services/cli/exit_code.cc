#include "services/cli/exit_code.h"

#include "libs/client/failure.h"

namespace chat::cli {

ExitCode ExitCodeOf(const absl::Status& status) {
  if (absl::IsInvalidArgument(status) || absl::IsInternal(status)) return ExitCode::kUsage;
  switch (client::FailureOf(status)) {
    case client::Failure::kNone:
      return ExitCode::kDone;
    case client::Failure::kRefused:
      return ExitCode::kRefused;
    case client::Failure::kProtocol:
    case client::Failure::kConnection:
      return ExitCode::kNoConnection;
  }
  return ExitCode::kNoConnection;
}

}  // namespace chat::cli
