#include "libs/rpc/refusal.h"

#include <absl/strings/cord.h>

#include "libs/base/status.h"

namespace chat::rpc {
namespace {

constexpr const char* kTypeUrl = "type.googleapis.com/chat.v1.Refusal";
// A message travels as metadata, whose whole is bounded.
constexpr size_t kLongestMessage = 1024;

std::optional<v1::ErrorCode> ParsedCode(const std::string& details) {
  v1::Refusal refusal;
  if (!refusal.ParseFromString(details)) return std::nullopt;
  if (refusal.code() == v1::ERROR_CODE_UNSET) return std::nullopt;
  return refusal.code();
}

}  // namespace

absl::Status Refuse(v1::ErrorCode code, std::string_view why) {
  v1::Refusal refusal;
  refusal.set_code(code);
  absl::Status status = absl::FailedPreconditionError(View(why));
  status.SetPayload(kTypeUrl, absl::Cord(refusal.SerializeAsString()));
  return status;
}

std::optional<v1::ErrorCode> RefusalOf(const absl::Status& status) {
  if (status.code() != absl::StatusCode::kFailedPrecondition) return std::nullopt;
  auto payload = status.GetPayload(kTypeUrl);
  if (!payload.has_value()) return std::nullopt;
  return ParsedCode(std::string(*payload));
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  auto code = static_cast<grpc::StatusCode>(status.code());  // the numbers are the same
  std::string message = Message(status).substr(0, kLongestMessage);
  std::optional<v1::ErrorCode> refused = RefusalOf(status);
  if (!refused.has_value()) return grpc::Status(code, message);
  v1::Refusal refusal;
  refusal.set_code(*refused);
  return grpc::Status(code, message, refusal.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
    std::optional<v1::ErrorCode> code = ParsedCode(status.error_details());
    if (code.has_value()) return Refuse(*code, status.error_message());
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      View(status.error_message()));
}

}  // namespace chat::rpc
