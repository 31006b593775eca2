#include "services/auth/code_sender.h"

#include "libs/base/status.h"
#include "libs/courier/secret_code.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"

namespace chat::auth {
namespace {

// Counts what a request learned of its code; `result` is sent, test or failed.
void Count(courier::Kind kind, const char* result) {
  metrics::Counter("chat_auth_codes_total", "Codes by way and result",
                   {{"kind", std::string(courier::NameOf(kind))}, {"result", result}})
      .Increment();
}

}  // namespace

std::string CodeSender::CodeFor(const std::string& phone) const {
  auto fixed = config_.test_codes.find(phone);
  return fixed == config_.test_codes.end() ? courier::NewCode() : fixed->second;
}

absl::Status CodeSender::Send(courier::Kind kind, const std::string& phone, const std::string& code,
                              const std::string& text) {
  if (IsTestNumber(phone)) {
    log::Info("a test number is used, nothing is sent", {{"phone", log::Masked(phone)}});
    Count(kind, "test");
    return absl::OkStatus();
  }
  absl::Status sent = courier_.Send({.kind = kind, .to = phone, .code = code, .text = text});
  Count(kind, sent.ok() ? "sent" : "failed");
  if (sent.code() == absl::StatusCode::kInvalidArgument) {
    return rpc::Refuse(v1::INVALID_DATA, "Auth.phone: the provider refuses this number");
  }
  if (sent.ok()) return sent;
  return absl::UnavailableError(View("the code could not be sent: " + Message(sent)));
}

}  // namespace chat::auth
