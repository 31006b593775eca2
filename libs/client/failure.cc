#include "libs/client/failure.h"

#include "libs/base/status.h"
#include "libs/mqtt/reason.h"

namespace chat::client {

absl::Status Refused(std::string_view code) { return absl::FailedPreconditionError(View(code)); }

absl::Status ProtocolFailure(std::string_view what) { return absl::DataLossError(View(what)); }

absl::Status ConnectionFailure(std::string_view what) { return absl::UnavailableError(View(what)); }

absl::Status TimedOut(std::string_view what) { return absl::DeadlineExceededError(View(what)); }

Failure FailureOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return Failure::kNone;
    case absl::StatusCode::kFailedPrecondition:
      return Failure::kRefused;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
      return Failure::kConnection;
    default:
      return Failure::kProtocol;
  }
}

absl::Status ConnectRefusal(uint8_t code) {
  switch (static_cast<mqtt::ConnectCode>(code)) {
    case mqtt::ConnectCode::kUnacceptableProtocolVersion:
      return Refused("unacceptable_protocol_version");
    case mqtt::ConnectCode::kIdentifierRejected:
      return Refused("identifier_rejected");
    case mqtt::ConnectCode::kServerUnavailable:
      return ConnectionFailure("the server cannot take connections now (CONNACK 3)");
    case mqtt::ConnectCode::kBadUserNameOrPassword:
    case mqtt::ConnectCode::kNotAuthorized:
      return Refused("not_authorized");
    default:
      return ProtocolFailure("CONNACK with the unknown return code " + std::to_string(code));
  }
}

}  // namespace chat::client
