// Who carries a code to its user. The only place that learns a code besides the database: nothing
// else may write one down.
#pragma once

#include <absl/status/status.h>

#include <string>
#include <string_view>

namespace chat::auth {

class CodeProvider {
 public:
  virtual ~CodeProvider() = default;

  enum class Kind { kSms, kVoice, kEmail };

  // Hands the code over; `to` is a phone number or an e-mail address, `text` what the user sees or
  // hears. Thread safe; may block for as long as a local write takes. kUnavailable when it could
  // not be handed over: the code then counts as sent but has not reached anyone.
  virtual absl::Status Send(Kind kind, std::string_view to, std::string_view code,
                            std::string_view text) = 0;
};

// "sms", "voice", "email".
constexpr std::string_view NameOf(CodeProvider::Kind kind) {
  switch (kind) {
    case CodeProvider::Kind::kSms:
      return "sms";
    case CodeProvider::Kind::kVoice:
      return "voice";
    case CodeProvider::Kind::kEmail:
      return "email";
  }
  return "";
}

}  // namespace chat::auth
