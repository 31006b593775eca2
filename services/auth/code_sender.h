// Sends codes to phones: the fixed ones of test numbers go nowhere, the others through the courier.
// Thread safe.
#pragma once

#include <absl/status/status.h>

#include <string>

#include "libs/courier/courier.h"
#include "services/auth/auth_config.h"

namespace chat::auth {

class CodeSender {
 public:
  // Both outlive the sender.
  CodeSender(courier::Courier& courier, const AuthConfig& config)
      : courier_(courier), config_(config) {}

  // The code for this phone: fixed for a test number, otherwise a new one.
  std::string CodeFor(const std::string& phone) const;
  bool IsTestNumber(const std::string& phone) const { return config_.test_codes.contains(phone); }

  // OK: handed over, or still being tried. Refused: invalid_data, the provider will not have this
  // number. kUnavailable: it could not be handed over.
  absl::Status Send(courier::Kind kind, const std::string& phone, const std::string& code,
                    const std::string& text);

 private:
  courier::Courier& courier_;
  const AuthConfig& config_;
};

}  // namespace chat::auth
