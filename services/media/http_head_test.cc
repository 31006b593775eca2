#include "services/media/http_head.h"

#include <gtest/gtest.h>

namespace chat::media {
namespace {

using State = ParsedHead::State;

TEST(HttpHeadTest, ARequestIsReadWithWhatCounts) {
  const std::string head =
      "GET /file/a%20b?x HTTP/1.1\r\nHost: x\r\nAuthorization: bearer  TOKEN\r\n"
      "Range: bytes=1-2\r\nIf-Range: \"7\"\r\n\r\n";
  const ParsedHead parsed = ParseHead(head + "GET", 8192);
  ASSERT_EQ(parsed.state, State::kRequest);
  EXPECT_EQ(parsed.consumed, head.size());
  EXPECT_EQ(parsed.request.method, HttpRequest::Method::kGet);
  EXPECT_EQ(parsed.request.target, "/file/a%20b?x");
  EXPECT_EQ(parsed.request.token, "TOKEN");
  EXPECT_EQ(parsed.request.range, "bytes=1-2");
  EXPECT_EQ(parsed.request.if_range, "\"7\"");
  EXPECT_TRUE(parsed.request.keep_alive);
  EXPECT_FALSE(parsed.request.has_body);
}

TEST(HttpHeadTest, HeadsFollowTheTable) {
  struct Row {
    std::string head;
    State state;
    int status;
  };
  const std::string host = "Host: x\r\n";
  const Row rows[] = {
      {"", State::kNeedMore, 0},
      {"GET / HTTP/1.1\r\n" + host, State::kNeedMore, 0},
      {"GET / HTTP/1.1\r\n" + host + "\r\n", State::kRequest, 0},
      {"GET / HTTP/1.0\r\n\r\n", State::kRequest, 0},
      {"GET / HTTP/1.1\r\n\r\n", State::kRefused, 400},
      {"GET / HTTP/1.1\r\n" + host + host + "\r\n", State::kRefused, 400},
      {"GET\r\n\r\n", State::kRefused, 400},
      {"GET / HTTP/1.1\r\n" + host + "no colon\r\n\r\n", State::kRefused, 400},
      {"GET / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
       State::kRefused, 400},
      {"\x16\x03\x01\r\n\r\n", State::kRefused, 400},
      {"GET / HTTP/1.1\r\n" + host + "A: " + std::string(300, 'a') + "\r\n\r\n", State::kRefused,
       431},
      {std::string(257, 'a'), State::kRefused, 431},
  };
  for (const Row& row : rows) {
    const ParsedHead parsed = ParseHead(row.head, 256);
    EXPECT_EQ(parsed.state, row.state) << row.head;
    EXPECT_EQ(parsed.status, row.status) << row.head;
  }
}

TEST(HttpHeadTest, ABodyIsNoticed) {
  const std::string start = "PUT / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_TRUE(ParseHead(start + "Content-Length: 5\r\n\r\n", 999).request.has_body);
  EXPECT_TRUE(ParseHead(start + "Transfer-Encoding: chunked\r\n\r\n", 999).request.has_body);
  EXPECT_FALSE(ParseHead(start + "Content-Length: 0\r\n\r\n", 999).request.has_body);
}

TEST(HttpHeadTest, OnlyOneBearerTokenCounts) {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (const char* lines : {"Authorization: Basic abc\r\n", "Authorization: Bearer\r\n",
                            "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", ""}) {
    EXPECT_EQ(ParseHead(start + lines + "\r\n", 999).request.token, "") << lines;
  }
}

TEST(HttpHeadTest, AnIdIsDecodedAndNothingElseIsAFile) {
  EXPECT_EQ(FileId("/file/abc-1"), "abc-1");
  EXPECT_EQ(FileId("/file/a%2Fb%00"), std::string("a/b\0", 4));
  EXPECT_EQ(FileId("/file/abc?download=1"), "abc");
  EXPECT_EQ(FileId("/file/%41"), "A");
  for (const char* target : {"/", "/file", "/file/", "/file/a/b", "/file/%4", "/file/%zz", "*",
                             "http://x/file/a", "/files/a"}) {
    EXPECT_EQ(FileId(target), std::nullopt) << target;
  }
  EXPECT_EQ(FileId("/file/" + std::string(256, 'a')), std::nullopt);
}

TEST(HttpHeadTest, ADispositionCannotBeBrokenOutOf) {
  EXPECT_EQ(ContentDisposition("a b.jpg"),
            "attachment; filename=\"a b.jpg\"; filename*=UTF-8''a%20b.jpg");
  EXPECT_EQ(ContentDisposition("a\"\r\nX: 1;é"),
            "attachment; filename=\"a___X: 1;__\"; filename*=UTF-8''a%22%0D%0AX%3A%201%3B%C3%A9");
  EXPECT_EQ(ContentDisposition("\xff.jpg"), "attachment; filename=\"_.jpg\"");
}

TEST(HttpHeadTest, AnAnswerSaysWhatItMust) {
  EXPECT_EQ(
      RenderHead(ErrorAnswer(401, true)),
      "HTTP/1.1 401 Unauthorized\r\nContent-Length: 13\r\nX-Content-Type-Options: nosniff\r\n"
      "Cache-Control: private\r\nContent-Type: text/plain\r\nWWW-Authenticate: Bearer\r\n\r\n");
  EXPECT_NE(RenderHead(ErrorAnswer(405, false)).find("Connection: close\r\nContent-Type"),
            std::string::npos);
  EXPECT_NE(RenderHead(ErrorAnswer(405, false)).find("Allow: GET, HEAD, PUT\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace chat::media
