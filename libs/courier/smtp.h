// Mail by SMTP submission: STARTTLS (default), implicit TLS, or no TLS, with user and password
// where they are configured. An answer of 5xx is a refusal for good, anything else may be tried
// again.
#pragma once

#include <string>

#include "libs/base/clock.h"
#include "libs/config/config.h"
#include "libs/courier/carrier.h"

namespace chat::courier {

struct SmtpConfig {
  std::string server;            // host:port; empty: none
  std::string tls = "starttls";  // starttls, implicit or none
  std::string user;
  std::string password;
  std::string from;  // address of the sender
  int64_t timeout_ms = 10'000;
  std::string ca_file;

  void Declare(config::Keys& keys);  // smtp_server, smtp_tls, …
  absl::Status Check() const;        // kInvalidArgument with the name of the key
};

// The whole message as RFC 5322 wants it, lines ended by CRLF. Pure.
std::string MailText(const std::string& from, const Letter& letter, int64_t unix_ms);

class Smtp final : public Carrier {
 public:
  Smtp(SmtpConfig config, const Clock& clock) : config_(std::move(config)), clock_(clock) {}

  // letter.to is a mail address.
  absl::Status Carry(const Letter& letter) override;

 private:
  const SmtpConfig config_;
  const Clock& clock_;
};

}  // namespace chat::courier
