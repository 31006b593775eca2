// The webhook against an HTTP server of the test's own, which checks the signature by itself.
#include "libs/courier/webhook.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "libs/base/status.h"
#include "libs/courier/courier.h"

namespace chat::courier {
namespace {

constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

// Answers request n with the n-th of `codes`, the last one for ever; 0: never answers.
class HttpServer {
 public:
  struct Request {
    std::string line;
    std::map<std::string, std::string> headers;
    std::string body;
  };

  explicit HttpServer(std::vector<int> codes) : codes_(std::move(codes)) {
    socket_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(socket_, 8), 0);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~HttpServer() {
    Stop();
    for (int silent : silent_) close(silent);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/codes?a=b"; }
  // Ends the server; what it was asked.
  const std::vector<Request>& Stop() {
    if (thread_.joinable()) {
      shutdown(socket_, SHUT_RDWR);
      thread_.join();
      close(socket_);
    }
    return requests_;
  }

 private:
  void Serve() {
    for (;;) {
      const int client = accept(socket_, nullptr, nullptr);
      if (client < 0) return;
      requests_.push_back(Read(client));
      const int code = codes_[std::min(requests_.size(), codes_.size()) - 1];
      if (code == 0) {
        silent_.push_back(client);
        continue;
      }
      const std::string answer = "HTTP/1.1 " + std::to_string(code) +
                                 " Said\r\nContent-Length: 2\r\nLocation: http://127.0.0.1:1/\r\n"
                                 "Connection: close\r\n\r\nok";
      EXPECT_EQ(send(client, answer.data(), answer.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(answer.size()));
      close(client);
    }
  }

  static Request Read(int client) {
    std::string text;
    char bytes[4096];
    size_t end, length = 0;
    while ((end = text.find("\r\n\r\n")) == std::string::npos || text.size() < end + 4 + length) {
      const ssize_t got = recv(client, bytes, sizeof bytes, 0);
      if (got <= 0) return {};
      text.append(bytes, static_cast<size_t>(got));
      const size_t at = text.find("Content-Length: ");
      if (at != std::string::npos) length = std::stoul(text.substr(at + 16));
    }
    Request request;
    request.body = text.substr(end + 4);
    size_t from = text.find("\r\n");
    request.line = text.substr(0, from);
    while (from < end) {
      const size_t to = text.find("\r\n", from + 2);
      const std::string line = text.substr(from + 2, to - from - 2);
      const size_t colon = line.find(": ");
      if (colon != std::string::npos)
        request.headers[line.substr(0, colon)] = line.substr(colon + 2);
      from = to;
    }
    return request;
  }

  int socket_ = -1;
  int port_ = 0;
  const std::vector<int> codes_;
  std::vector<Request> requests_;
  std::vector<int> silent_;
  std::thread thread_;
};

// HMAC-SHA-256 by its definition (RFC 2104), not by the function that the webhook uses.
std::string Mac(std::string key, const std::string& text) {
  auto sha256 = [](const std::string& bytes) {
    std::string out(32, '\0');
    EXPECT_EQ(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(out.data()),
                         nullptr, EVP_sha256(), nullptr),
              1);
    return out;
  };
  key.resize(64, '\0');
  std::string inner = key, outer = key;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  std::string hex;
  for (unsigned char byte : sha256(outer + sha256(inner + text))) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hex += digits;
  }
  return hex;
}

Letter Code() {
  return {
      .kind = Kind::kSms, .to = "380670001234", .code = "012345", .text = "Say \"è\"", .id = "7"};
}

WebhookConfig At(const std::string& url, int64_t timeout_ms = 5000) {
  return {.url = url, .secret = kSecret, .timeout_ms = timeout_ms, .ca_file = {}};
}

TEST(WebhookTest, ALetterIsOneSignedJsonObject) {
  HttpServer server({204});
  FakeClock clock;
  clock.Advance(7);
  Webhook webhook(At(server.url()), clock);
  ASSERT_TRUE(webhook.Carry(Code()).ok());
  const auto& requests = server.Stop();
  ASSERT_EQ(requests.size(), 1u);
  const HttpServer::Request& request = requests[0];
  EXPECT_EQ(request.line, "POST /codes?a=b HTTP/1.1");
  EXPECT_EQ(request.headers.at("Content-Type"), "application/json");
  EXPECT_EQ(nlohmann::json::parse(request.body),
            (nlohmann::json{{"id", "7"},
                            {"time", "2017-07-14T02:40:00.007Z"},
                            {"kind", "sms"},
                            {"to", "380670001234"},
                            {"code", "012345"},
                            {"text", "Say \"è\""}}));
  EXPECT_EQ(request.headers.at("X-Chat-Timestamp"), "1500000000");
  EXPECT_EQ(request.headers.at("X-Chat-Signature"),
            "sha256=" + Mac(kSecret, "1500000000." + request.body));
}

TEST(WebhookTest, TheAnswerSaysWhetherItMayBeTriedAgain) {
  struct Case {
    int code;
    absl::StatusCode expected;
  };
  for (const Case& c :
       {Case{200, absl::StatusCode::kOk}, Case{202, absl::StatusCode::kOk},
        Case{301, absl::StatusCode::kFailedPrecondition},
        Case{400, absl::StatusCode::kInvalidArgument},
        Case{422, absl::StatusCode::kInvalidArgument},
        Case{401, absl::StatusCode::kFailedPrecondition},
        Case{404, absl::StatusCode::kFailedPrecondition}, Case{408, absl::StatusCode::kUnavailable},
        Case{429, absl::StatusCode::kUnavailable}, Case{500, absl::StatusCode::kUnavailable},
        Case{503, absl::StatusCode::kUnavailable}}) {
    HttpServer server({c.code});
    Webhook webhook(At(server.url()), Clock::System());
    const absl::Status status = webhook.Carry(Code());
    EXPECT_EQ(status.code(), c.expected) << c.code;
    EXPECT_EQ(Message(status).find("012345"), std::string::npos);
    EXPECT_EQ(server.Stop().size(), 1u) << "a redirection is not followed";
  }
}

TEST(WebhookTest, NobodyThereAndNoAnswerMayBeTriedAgain) {
  HttpServer server({0});
  Webhook webhook(At(server.url(), 100), Clock::System());
  EXPECT_EQ(webhook.Carry(Code()).code(), absl::StatusCode::kUnavailable);
  server.Stop();
  EXPECT_EQ(webhook.Carry(Code()).code(), absl::StatusCode::kUnavailable);
}

TEST(WebhookTest, ThroughTheCourierAFailureIsRepeatedWithTheSameIdAndAFreshSignature) {
  HttpServer server({500, 0, 200});
  Webhook webhook(At(server.url(), 200), Clock::System());
  {
    Courier courier(webhook, {.attempts = 5, .backoff_ms = 1, .wait_ms = 20'000});
    EXPECT_TRUE(courier.Send(Code()).ok());
  }
  const auto& requests = server.Stop();
  ASSERT_EQ(requests.size(), 3u);
  for (const HttpServer::Request& request : requests) {
    EXPECT_EQ(nlohmann::json::parse(request.body)["id"],
              nlohmann::json::parse(requests[0].body)["id"]);
    EXPECT_EQ(
        request.headers.at("X-Chat-Signature"),
        "sha256=" + Mac(kSecret, request.headers.at("X-Chat-Timestamp") + "." + request.body));
  }
}

TEST(WebhookTest, WhatIsWrongIsRefusedByTheNameOfItsKey) {
  EXPECT_TRUE(WebhookConfig().Check().ok());
  EXPECT_TRUE(At("https://sms.example.org/x").Check().ok());
  EXPECT_TRUE(Message(At("ftp://sms.example.org").Check()).starts_with("webhook_url:"));
  WebhookConfig open = At("https://sms.example.org");
  open.secret = "short";
  EXPECT_TRUE(Message(open.Check()).starts_with("webhook_secret:"));
}

}  // namespace
}  // namespace chat::courier
