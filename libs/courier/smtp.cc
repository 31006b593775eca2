#include "libs/courier/smtp.h"

#include "libs/base/status.h"
#include "libs/courier/curl_transfer.h"
#include "libs/courier/mail_address.h"
#include "libs/courier/time_text.h"

namespace chat::courier {
namespace {

// RFC 5321, 4.2.3: from 500 on a refusal is for good; from 550 to 553 it is about the mailbox.
constexpr long kFirstRefusal = 500;
constexpr long kFirstOfMailbox = 550;
constexpr long kLastOfMailbox = 553;

absl::Status Wrong(const char* why) { return absl::InvalidArgumentError(why); }

}  // namespace

void SmtpConfig::Declare(config::Keys& keys) {
  keys.Add("smtp_server", &server, "host:port that takes mail; empty: outbox_dir");
  keys.Add("smtp_tls", &tls, "starttls, implicit or none");
  keys.Add("smtp_user", &user, "user at the mail server; empty: no login");
  keys.Add("smtp_password", &password, "password at the mail server", config::Secret::kYes);
  keys.Add("smtp_from", &from, "address that mail comes from");
  keys.Add("smtp_timeout_ms", &timeout_ms, "for one attempt at the mail server", 1, 60'000);
  keys.Add("smtp_ca", &ca_file,
           "file of certificates that the mail server is known by; empty: the system's");
}

absl::Status SmtpConfig::Check() const {
  if (server.empty()) return absl::OkStatus();
  if (server.find(':') == std::string::npos || server.find('/') != std::string::npos) {
    return Wrong("smtp_server: is not host:port");
  }
  if (tls != "starttls" && tls != "implicit" && tls != "none") {
    return Wrong("smtp_tls: is not starttls, implicit or none");
  }
  if (tls == "none" && !password.empty()) {
    return Wrong("smtp_password: is not sent without TLS (smtp_tls)");
  }
  if (!IsMailAddress(from)) return Wrong("smtp_from: is not a mail address");
  return absl::OkStatus();
}

std::string MailText(const std::string& from, const Letter& letter, int64_t unix_ms) {
  std::string text = "Date: " + MailDate(unix_ms) + "\r\nFrom: " + from + "\r\nTo: " + letter.to +
                     "\r\nSubject: " + letter.subject + "\r\nMessage-ID: <" + letter.id +
                     from.substr(from.find('@')) +
                     ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=us-ascii\r\n\r\n";
  for (char c : letter.text) {
    if (c == '\n') text += '\r';
    text += c;
  }
  return text + "\r\n";
}

absl::Status Smtp::Carry(const Letter& letter) {
  if (!IsMailAddress(letter.to)) return absl::InvalidArgumentError("not a mail address");
  CurlTransfer transfer(
      {.protocols = "smtp,smtps", .timeout_ms = config_.timeout_ms, .ca_file = config_.ca_file});
  transfer.Set(CURLOPT_URL, (config_.tls == "implicit" ? "smtps://" : "smtp://") + config_.server);
  if (config_.tls == "starttls") transfer.Set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  if (!config_.user.empty()) {
    transfer.Set(CURLOPT_USERNAME, config_.user);
    transfer.Set(CURLOPT_PASSWORD, config_.password);
  }
  transfer.Set(CURLOPT_MAIL_FROM, "<" + config_.from + ">");
  transfer.AddRecipient("<" + letter.to + ">");
  transfer.Set(CURLOPT_UPLOAD, 1L);
  absl::Status sent = transfer.Run(MailText(config_.from, letter, clock_.UnixMs()));
  if (sent.ok() || transfer.response() < kFirstRefusal) return sent;
  const std::string why = Message(sent) + ", SMTP " + std::to_string(transfer.response());
  if (transfer.response() >= kFirstOfMailbox && transfer.response() <= kLastOfMailbox) {
    return absl::InvalidArgumentError(View(why));
  }
  return absl::FailedPreconditionError(View(why));
}

}  // namespace chat::courier
