// What can go wrong for a CHAT client, as absl::Status with three classes that callers tell apart.
#pragma once

#include <absl/status/status.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace chat::client {

enum class Failure : uint8_t {
  kNone,
  kRefused,     // the server understood and said no; the message is the error code alone
  kProtocol,    // the server (or the caller) broke MQTT, BERT or a record
  kConnection,  // no connection, connection lost, no answer in time
};

// kFailedPrecondition. `code` is the atom of `{io,{error,Code},_}` (PROTOCOL 9) or ConnectRefusal.
absl::Status Refused(std::string_view code);
// kDataLoss.
absl::Status ProtocolFailure(std::string_view what);
// kUnavailable.
absl::Status ConnectionFailure(std::string_view what);
// kDeadlineExceeded, class kConnection.
absl::Status TimedOut(std::string_view what);

Failure FailureOf(const absl::Status& status);

// The status of a CONNACK return code other than 0 (MQTT 3.2.2.3): code 3 is a connection failure,
// the others are refusals by name, `not_authorized` for 4 and 5.
absl::Status ConnectRefusal(uint8_t code);

}  // namespace chat::client
