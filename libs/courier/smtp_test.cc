// SMTP against a server that is not ours: aiosmtpd of Debian.
#include "libs/courier/smtp.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "libs/base/status.h"

namespace chat::courier {
namespace {

class MailServer {
 public:
  explicit MailServer(const std::string& tls) {
    std::string pattern = testing::TempDir() + "mail.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    const std::string script =
        std::string(std::getenv("CHAT_SOURCE_DIR")) + "/libs/courier/testdata/mail_server.py";
    int in[2], out[2];
    EXPECT_EQ(pipe(in), 0);
    EXPECT_EQ(pipe(out), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], 0);
      dup2(out[1], 1);
      for (int end : {in[0], in[1], out[0], out[1]}) close(end);
      execl("/usr/bin/python3", "python3", "-B", script.c_str(), tls.c_str(), folder_.c_str(),
            nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    out_ = fdopen(out[0], "r");
    port_ = Line();
  }
  ~MailServer() {
    close(in_);
    waitpid(pid_, nullptr, 0);
    fclose(out_);
    std::filesystem::remove_all(folder_);
  }

  SmtpConfig Config(const std::string& tls) const {
    SmtpConfig config;
    config.server = "localhost:" + port_;
    config.tls = tls;
    config.from = "no-reply@chat.example";
    if (tls != "none") {
      config.user = "chat";
      config.password = "secret";
      config.ca_file = folder_ + "/cert.pem";
    }
    return config;
  }
  nlohmann::json Received() { return nlohmann::json::parse(Line(), nullptr, false); }

 private:
  std::string Line() {
    char text[8192];
    if (fgets(text, sizeof text, out_) == nullptr) return "";
    std::string line(text);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    return line;
  }

  std::string folder_, port_;
  pid_t pid_ = -1;
  int in_ = -1;
  FILE* out_ = nullptr;
};

Letter Mail(const std::string& to = "olena@example.org") {
  return {.kind = Kind::kEmail,
          .to = to,
          .code = "012345",
          .text = "Your code is 012345.\n.\nIt lives for an hour.",
          .subject = "Your code",
          .id = "f00d"};
}

absl::Status Carried(const SmtpConfig& config, const Letter& letter) {
  FakeClock clock;
  return Smtp(config, clock).Carry(letter);
}

TEST(SmtpTest, AMailArrivesByEveryKindOfConnection) {
  for (const char* tls : {"none", "starttls", "implicit"}) {
    MailServer server(tls);
    const absl::Status sent = Carried(server.Config(tls), Mail());
    ASSERT_TRUE(sent.ok()) << tls << ": " << Message(sent);
    const nlohmann::json mail = server.Received();
    EXPECT_EQ(mail["from"], "no-reply@chat.example");
    EXPECT_EQ(mail["to"], nlohmann::json::array({"olena@example.org"}));
    EXPECT_EQ(mail["user"], std::string(tls) != "none");
    EXPECT_EQ(mail["tls"], std::string(tls) != "none");
    EXPECT_EQ(mail["text"],
              "Date: Fri, 14 Jul 2017 02:40:00 +0000\r\nFrom: no-reply@chat.example\r\n"
              "To: olena@example.org\r\nSubject: Your code\r\nMessage-ID: <f00d@chat.example>\r\n"
              "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=us-ascii\r\n\r\n"
              "Your code is 012345.\r\n.\r\nIt lives for an hour.\r\n");
  }
}

TEST(SmtpTest, ACertificateThatIsNotTrustedEndsTheAttempt) {
  for (const char* tls : {"starttls", "implicit"}) {
    MailServer server(tls);
    SmtpConfig config = server.Config(tls);
    config.ca_file.clear();
    EXPECT_EQ(Carried(config, Mail()).code(), absl::StatusCode::kUnavailable) << tls;
  }
}

TEST(SmtpTest, AServerWithoutTlsIsNotSpokenToWhereTlsIsAskedFor) {
  MailServer server("none");
  SmtpConfig config = server.Config("none");
  config.tls = "starttls";
  EXPECT_FALSE(Carried(config, Mail()).ok());
}

TEST(SmtpTest, ARefusalForGoodIsToldFromOneForNow) {
  MailServer server("none");
  const SmtpConfig config = server.Config("none");
  EXPECT_EQ(Carried(config, Mail("full@example.org")).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Carried(config, Mail("busy@example.org")).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(Carried(config, Mail("a@b.c\r\nRCPT TO:<x@y.z>")).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(SmtpTest, AWrongPasswordIsAFailure) {
  MailServer server("implicit");
  SmtpConfig config = server.Config("implicit");
  config.password = "wrong";
  config.timeout_ms = 2000;
  EXPECT_FALSE(Carried(config, Mail()).ok());
}

TEST(SmtpTest, WhatIsWrongIsRefusedByTheNameOfItsKey) {
  EXPECT_TRUE(SmtpConfig().Check().ok());
  struct Case {
    std::string key;
    std::function<void(SmtpConfig&)> spoil;
  };
  for (const Case& c : {Case{"smtp_server", [](SmtpConfig& s) { s.server = "mail.example.org"; }},
                        Case{"smtp_tls", [](SmtpConfig& s) { s.tls = "ssl"; }},
                        Case{"smtp_password", [](SmtpConfig& s) { s.tls = "none"; }},
                        Case{"smtp_from", [](SmtpConfig& s) { s.from = "chat"; }}}) {
    SmtpConfig config;
    config.server = "mail.example.org:587";
    config.user = "chat";
    config.password = "secret";
    config.from = "no-reply@example.org";
    EXPECT_TRUE(config.Check().ok());
    c.spoil(config);
    EXPECT_TRUE(Message(config.Check()).starts_with(c.key + ":")) << Message(config.Check());
  }
}

}  // namespace
}  // namespace chat::courier
