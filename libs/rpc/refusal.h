// How a refusal travels: as absl::Status inside a service, as gRPC status FAILED_PRECONDITION with
// a chat.v1.Refusal as details between processes, as `{io,{error,Code},<<>>}` to the client.
#pragma once

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

#include <optional>
#include <string_view>

#include "chat/v1/call.pb.h"

namespace chat::rpc {

// `why` is for the log: "Record.field: what is wrong".
absl::Status Refuse(v1::ErrorCode code, std::string_view why);
// The code of a refusal; nullopt for OK and for every other error.
std::optional<v1::ErrorCode> RefusalOf(const absl::Status& status);

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace chat::rpc
