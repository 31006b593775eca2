#include "services/media/http_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

namespace chat::media {
namespace {

// One object "x" for the token "t"; "slow" waits until it is let go.
class OneObject : public DownloadSource {
 public:
  explicit OneObject(std::string content) : content_(std::move(content)) {
    std::string path = (std::filesystem::temp_directory_path() / "media-http-XXXXXX").string();
    const int file = mkstemp(path.data());
    EXPECT_EQ(write(file, content_.data(), content_.size()), static_cast<ssize_t>(content_.size()));
    unlink(path.c_str());
    file_ = std::make_shared<const ObjectFiles::Reader>(file);
  }
  absl::StatusOr<Download> Find(const DownloadRequest& request) override {
    const std::string& id = request.id;
    if (request.query == "signature=read") return Whole();
    if (request.token != "t") return absl::UnauthenticatedError("");
    if (id == "away") return absl::UnavailableError("");
    if (id == "slow") {
      std::unique_lock lock(mutex_);
      asked_ = true;
      changed_.notify_all();
      changed_.wait(lock, [this] { return let_go_; });
    } else if (id != "x") {
      return absl::NotFoundError("");
    }
    return Whole();
  }
  Download Whole() const {
    return {7, static_cast<int64_t>(content_.size()), "name.bin", "image/png", file_, ""};
  }
  void AwaitAsked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return asked_; });
  }
  void LetGo() {
    std::lock_guard lock(mutex_);
    let_go_ = true;
    changed_.notify_all();
  }

 private:
  const std::string content_;
  std::shared_ptr<const ObjectFiles::Reader> file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool asked_ = false, let_go_ = false;
};

// Takes a PUT to "x" with the link "signature=write", at most 400,000 bytes.
class OneTarget : public UploadTarget {
 public:
  absl::StatusOr<std::unique_ptr<Incoming>> Accept(const UploadRequest& request) override {
    if (request.query != "signature=write") return absl::PermissionDeniedError("");
    if (request.name == "sealed") return absl::FailedPreconditionError("");
    if (request.name != "x") return absl::NotFoundError("");
    if (request.size > 400'000) return absl::OutOfRangeError("");
    content_type_ = request.content_type;
    return std::make_unique<Body>(*this);
  }
  std::string stored_, content_type_;
  int64_t given_up_ = 0;

 private:
  class Body : public Incoming {
   public:
    explicit Body(OneTarget& target) : target_(target) {}
    ~Body() override { target_.given_up_ += !finished_; }
    absl::Status Write(std::string_view bytes) override {
      bytes_ += bytes;
      return absl::OkStatus();
    }
    absl::Status Finish() override {
      finished_ = true;
      if (bytes_ == "full") return absl::ResourceExhaustedError("");
      target_.stored_ = bytes_;
      return absl::OkStatus();
    }

   private:
    OneTarget& target_;
    std::string bytes_;
    bool finished_ = false;
  };
};

class Client {
 public:
  explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~Client() { close(socket_); }
  void Send(const std::string& bytes) {
    size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t some = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (some <= 0) return;
      sent += static_cast<size_t>(some);
    }
  }
  // A head and `Content-Length` bytes; after HEAD the head alone.
  std::string Answer(bool is_head = false) {
    while (input_.find("\r\n\r\n") == std::string::npos) {
      if (!More()) return input_;
    }
    size_t size = input_.find("\r\n\r\n") + 4;
    const size_t length = input_.find("Content-Length: ");
    if (!is_head) size += std::stoul(input_.substr(length + 16));
    while (input_.size() < size) {
      if (!More()) return input_;
    }
    std::string answer = input_.substr(0, size);
    input_.erase(0, size);
    return answer;
  }
  bool ClosedByPeer() { return input_.empty() && !More() && ended_; }

 private:
  bool More() {
    char bytes[65536];
    const ssize_t size = recv(socket_, bytes, sizeof bytes, 0);
    ended_ = size == 0 || (size < 0 && errno == ECONNRESET);
    if (size <= 0) return false;
    input_.append(bytes, static_cast<size_t>(size));
    return true;
  }
  int socket_;
  std::string input_;
  bool ended_ = false;
};

std::string Request(const std::string& method, const std::string& target,
                    const std::string& headers = "Authorization: Bearer t\r\n") {
  return method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

std::string Content() {
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += static_cast<char>(i * 7 + i / 251);
  return content;
}

int StatusOf(const std::string& answer) {
  return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
}
std::string BodyOf(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

class HttpServerTest : public testing::Test {
 protected:
  explicit HttpServerTest(
      HttpLimits limits = {.workers = 2, .connections = 3, .idle_ms = 10'000, .head_bytes = 1024})
      : server_(source_, target_, limits) {
    const absl::Status started = server_.Start("127.0.0.1:0");
    EXPECT_TRUE(started.ok()) << started;
  }
  std::string Ask(const std::string& request) {
    Client client(server_.port());
    client.Send(request);
    return client.Answer();
  }

  const std::string content_ = Content();
  OneObject source_{content_};
  OneTarget target_;
  HttpServer server_;
};

TEST_F(HttpServerTest, AnObjectComesWholeAndAsADownload) {
  const std::string answer = Ask(Request("GET", "/file/x"));
  EXPECT_EQ(StatusOf(answer), 200);
  EXPECT_TRUE(BodyOf(answer) == content_);
  for (const char* header :
       {"Content-Length: 300000\r\n", "X-Content-Type-Options: nosniff\r\n", "ETag: \"7\"\r\n",
        "Content-Disposition: attachment; filename=\"name.bin\"; filename*=UTF-8''name.bin\r\n",
        "Content-Type: image/png\r\n", "Accept-Ranges: bytes\r\n",
        "Content-Security-Policy: default-src 'none'; sandbox\r\n"}) {
    EXPECT_NE(answer.find(header), std::string::npos) << header;
  }
}

TEST_F(HttpServerTest, RangesAreServed) {
  const std::string bearer = "Authorization: Bearer t\r\n";
  std::string answer = Ask(Request("GET", "/file/x", bearer + "Range: bytes=10-19\r\n"));
  EXPECT_EQ(StatusOf(answer), 206);
  EXPECT_EQ(BodyOf(answer), content_.substr(10, 10));
  EXPECT_NE(answer.find("Content-Range: bytes 10-19/300000\r\n"), std::string::npos);
  answer = Ask(Request("GET", "/file/x", bearer + "Range: bytes=300000-\r\n"));
  EXPECT_EQ(StatusOf(answer), 416);
  EXPECT_NE(answer.find("Content-Range: bytes */300000\r\n"), std::string::npos);
  answer = Ask(Request("GET", "/file/x", bearer + "Range: bytes=0-1\r\nIf-Range: \"8\"\r\n"));
  EXPECT_EQ(StatusOf(answer), 200);
  answer = Ask(Request("GET", "/file/x", bearer + "Range: bytes=0-1\r\nIf-Range: \"7\"\r\n"));
  EXPECT_EQ(StatusOf(answer), 206);
}

TEST_F(HttpServerTest, RefusalsFollowTheTable) {
  struct Row {
    std::string request;
    int status;
  };
  const Row rows[] = {
      {Request("GET", "/file/x", ""), 401},
      {Request("GET", "/file/x", "Authorization: Bearer wrong\r\n"), 401},
      {Request("GET", "/file/x", "Authorization: Basic t\r\n"), 401},
      {Request("GET", "/file/y"), 404},
      {Request("GET", "/"), 404},
      {Request("GET", "/file/../x"), 404},
      {Request("GET", "/file/away"), 503},
      {Request("POST", "/file/x"), 405},
      {Request("DELETE", "/file/x"), 405},
      {Request("PUT", "/file/x", "Content-Length: 5\r\n") + "01234", 403},
      {Request("GET", "/file/x", "Content-Length: 5\r\n") + "01234", 413},
      {Request("PUT", "/file/x"), 405},
      {Request("PUT", "/file/x?signature=read", "Content-Length: 1\r\n") + "0", 403},
      {Request("PUT", "/file/y?signature=write", "Content-Length: 1\r\n") + "0", 404},
      {Request("PUT", "/file/sealed?signature=write", "Content-Length: 1\r\n") + "0", 409},
      {Request("PUT", "/file/x?signature=write", "Content-Length: 400001\r\n") + "0", 413},
      {Request("PUT", "/file/x?signature=write", "Content-Length: 4\r\n") + "full", 507},
      {Request("PUT", "/file/x?signature=write", "Transfer-Encoding: chunked\r\n"), 411},
      {Request("PUT", "/file/x?signature=write", ""), 411},
      {Request("GET", "/file/x", "Transfer-Encoding: chunked\r\n") + "1\r\na\r\n0\r\n\r\n", 413},
      {Request("GET", "/file/x", "A: " + std::string(1100, 'a') + "\r\n"), 431},
      {"nonsense\r\n\r\n", 400},
  };
  for (const Row& row : rows) EXPECT_EQ(StatusOf(Ask(row.request)), row.status) << row.request;
}

TEST_F(HttpServerTest, HeadSaysWhatGetWouldAndKeepsTheConnection) {
  Client client(server_.port());
  client.Send(Request("HEAD", "/file/x"));
  const std::string head = client.Answer(true);
  EXPECT_EQ(StatusOf(head), 200);
  EXPECT_NE(head.find("Content-Length: 300000\r\n"), std::string::npos);
  client.Send(Request("HEAD", "/file/y"));
  EXPECT_EQ(StatusOf(client.Answer(true)), 404);
  client.Send(Request("GET", "/file/x"));
  EXPECT_TRUE(BodyOf(client.Answer()) == content_);
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  Client client(server_.port());
  client.Send(Request("GET", "/file/x") + Request("GET", "/file/y") + Request("GET", "/file/x"));
  EXPECT_EQ(StatusOf(client.Answer()), 200);
  EXPECT_EQ(StatusOf(client.Answer()), 404);
  EXPECT_TRUE(BodyOf(client.Answer()) == content_);
}

TEST_F(HttpServerTest, ARequestMayComeInPieces) {
  Client client(server_.port());
  for (char c : Request("GET", "/file/x")) client.Send(std::string(1, c));
  EXPECT_EQ(StatusOf(client.Answer()), 200);
}

TEST_F(HttpServerTest, CloseIsHonoured) {
  Client client(server_.port());
  client.Send(Request("GET", "/file/x", "Authorization: Bearer t\r\nConnection: close\r\n"));
  const std::string answer = client.Answer();
  EXPECT_EQ(StatusOf(answer), 200);
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(client.ClosedByPeer());
}

TEST_F(HttpServerTest, AnAnswerIsReadableThoughABodyWasNotRead) {
  Client client(server_.port());
  client.Send(Request("PUT", "/file/x", "Content-Length: 500000\r\n") + std::string(500'000, 'a'));
  EXPECT_EQ(StatusOf(client.Answer()), 403);
}

TEST_F(HttpServerTest, ALinkNeedsNoToken) {
  EXPECT_EQ(StatusOf(Ask(Request("GET", "/file/x?signature=read", ""))), 200);
}

TEST_F(HttpServerTest, ABodyIsStoredWholeAndTheConnectionGoesOn) {
  Client client(server_.port());
  client.Send(Request("PUT", "/file/x?signature=write",
                      "Content-Type: image/png\r\nContent-Length: 300000\r\n") +
              content_ + Request("GET", "/file/y"));
  EXPECT_EQ(StatusOf(client.Answer()), 200);
  EXPECT_EQ(StatusOf(client.Answer()), 404);
  EXPECT_TRUE(target_.stored_ == content_);
  EXPECT_EQ(target_.content_type_, "image/png");
  client.Send(Request("PUT", "/file/x?signature=write", "Content-Length: 0\r\n"));
  EXPECT_EQ(StatusOf(client.Answer()), 200);
  EXPECT_EQ(target_.stored_, "");
  EXPECT_EQ(target_.content_type_, "application/octet-stream");
  EXPECT_EQ(target_.given_up_, 0);
}

TEST_F(HttpServerTest, AClientThatWaitsIsToldToContinueOnlyWhenItMay) {
  const std::string waits = "Content-Length: 5\r\nExpect: 100-continue\r\n";
  Client client(server_.port());
  client.Send(Request("PUT", "/file/x?signature=write", waits));
  EXPECT_EQ(client.Answer(true), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("01234");
  EXPECT_EQ(StatusOf(client.Answer()), 200);
  EXPECT_EQ(target_.stored_, "01234");
  EXPECT_EQ(StatusOf(Ask(Request("PUT", "/file/x?signature=no", waits))), 403);
}

TEST_F(HttpServerTest, HalfABodyIsGivenUp) {
  {
    Client client(server_.port());
    client.Send(Request("PUT", "/file/x?signature=write",
                        "Content-Length: 300000\r\nExpect: 100-continue\r\n"));
    client.Answer(true);
    client.Send(content_.substr(0, 200'000));
  }
  server_.Drain(std::chrono::seconds(10));
  EXPECT_EQ(target_.given_up_, 1);
  EXPECT_EQ(target_.stored_, "");
}

TEST_F(HttpServerTest, MoreConnectionsThanAllowedAreClosed) {
  Client first(server_.port()), second(server_.port()), third(server_.port());
  for (Client* client : {&first, &second, &third}) {
    client->Send(Request("GET", "/file/y"));
    EXPECT_EQ(StatusOf(client->Answer()), 404);
  }
  Client fourth(server_.port());
  EXPECT_TRUE(fourth.ClosedByPeer());
}

TEST_F(HttpServerTest, DrainLetsARunningAnswerEnd) {
  Client busy(server_.port()), idle(server_.port());
  idle.Send(Request("GET", "/file/y"));
  EXPECT_EQ(StatusOf(idle.Answer()), 404);
  busy.Send(Request("GET", "/file/slow"));
  source_.AwaitAsked();
  std::thread drain([this] { server_.Drain(std::chrono::seconds(10)); });
  EXPECT_TRUE(idle.ClosedByPeer());
  source_.LetGo();
  EXPECT_TRUE(BodyOf(busy.Answer()) == content_);
  EXPECT_TRUE(busy.ClosedByPeer());
  drain.join();
}

class CrowdedHttpServerTest : public HttpServerTest {
 protected:
  CrowdedHttpServerTest()
      : HttpServerTest({.workers = 2,
                        .connections = 9,
                        .connections_per_address = 1,
                        .idle_ms = 10'000,
                        .head_bytes = 1024}) {}
};

TEST_F(CrowdedHttpServerTest, AnAddressHasItsOwnLimitAndRegainsItByClosing) {
  {
    Client first(server_.port());
    first.Send(Request("GET", "/file/y"));
    EXPECT_EQ(StatusOf(first.Answer()), 404);
    Client second(server_.port());
    EXPECT_TRUE(second.ClosedByPeer());
  }
  // The end of the first one is noticed a moment later.
  int status = 0;
  for (int i = 0; i < 1000 && status != 404; ++i) status = StatusOf(Ask(Request("GET", "/file/y")));
  EXPECT_EQ(status, 404);
}

class ImpatientHttpServerTest : public HttpServerTest {
 protected:
  ImpatientHttpServerTest()
      : HttpServerTest({.workers = 2, .connections = 3, .idle_ms = 500, .head_bytes = 1024}) {}
};

TEST_F(ImpatientHttpServerTest, AHalfRequestDoesNotHoldAConnection) {
  Client client(server_.port());
  client.Send("GET /file/x HTTP/1.1\r\nHost");
  EXPECT_TRUE(client.ClosedByPeer());
}

TEST_F(ImpatientHttpServerTest, AnIdleConnectionIsClosed) {
  Client client(server_.port());
  client.Send(Request("GET", "/file/y"));
  EXPECT_EQ(StatusOf(client.Answer()), 404);
  EXPECT_TRUE(client.ClosedByPeer());
}

}  // namespace
}  // namespace chat::media
