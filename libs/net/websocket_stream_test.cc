#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/net/loopback_testing.h"
#include "libs/net/websocket.h"

namespace chat::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using testing_support::BlockingClient;
using testing_support::EchoServer;

const WebSocketRules kRules{{"/mqtt", false, "mqtt"}, 0};
const std::string kRequest =
    "GET /mqtt HTTP/1.1\r\nHost: example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";
constexpr size_t kAnswer = 159;  // bytes of the answer to it

// A client's frame of at most 125 bytes, masked with zeroes: as if it were not.
std::string Frame(uint8_t first, const std::string& payload) {
  std::string out{static_cast<char>(first), static_cast<char>(0x80 | payload.size())};
  return out + std::string(4, 0) + payload;
}

class WebSocketStreamTest : public testing::Test {
 protected:
  WebSocketStreamTest()
      : server_([](Loop& loop, std::shared_ptr<Stream> stream, const EchoServer::Accept& accept) {
          accept(MakeWebSocketStream(loop, std::move(stream), kRules));
        }),
        client_(server_.port()) {}

  void Open() {
    client_.Send(kRequest);
    const std::string answer = client_.Receive(kAnswer);
    ASSERT_THAT(answer, StartsWith("HTTP/1.1 101 "));
    ASSERT_THAT(answer, EndsWith("\r\n\r\n"));
  }

  EchoServer server_;
  BlockingClient client_;
};

TEST_F(WebSocketStreamTest, BinaryMessagesAreTheBytesOfTheStream) {
  Open();
  client_.Send(Frame(0x82, "hello"));
  EXPECT_EQ(client_.Receive(7), "\x82\x05hello");
}

TEST_F(WebSocketStreamTest, WhatArrivesTogetherIsAnsweredInOneMessage) {
  Open();
  client_.Send(Frame(0x02, "one ") + Frame(0x80, "two ") + Frame(0x82, "three"));
  EXPECT_EQ(client_.Receive(15), "\x82\x0Done two three");
}

TEST_F(WebSocketStreamTest, ARequestInPiecesWithFramesBehindItIsServed) {
  for (char c : kRequest.substr(0, 100)) client_.Send({&c, 1});
  client_.Send(kRequest.substr(100) + Frame(0x82, "x"));
  EXPECT_THAT(client_.Receive(kAnswer + 3), EndsWith("\r\n\r\n\x82\x01x"));
}

TEST_F(WebSocketStreamTest, PingsAreAnswered) {
  Open();
  client_.Send(Frame(0x89, "are you there") + Frame(0x8A, "unasked"));
  EXPECT_EQ(client_.Receive(15),
            "\x8A\x0D"
            "are you there");
}

TEST_F(WebSocketStreamTest, ACloseFrameIsAnsweredAndTheOwnerHearsOfTheEnd) {
  Open();
  client_.Send(Frame(0x88, "\x03\xE9"));
  EXPECT_EQ(client_.ReceiveAll(), "\x88\x02\x03\xE9");
  EXPECT_TRUE(server_.AwaitEnd());
}

TEST_F(WebSocketStreamTest, ClosingWritesOutWhatIsQueuedAndSaysGoodbye) {
  Open();
  client_.Send(Frame(0x82, "bye"));
  EXPECT_EQ(client_.Receive(9),
            "\x82\x03"
            "bye\x88\x02\x03\xE8");
}

TEST_F(WebSocketStreamTest, ATextMessageEndsItWith1003) {
  Open();
  client_.Send(Frame(0x81, "text"));
  EXPECT_EQ(client_.ReceiveAll(), "\x88\x02\x03\xEB");
  EXPECT_TRUE(server_.AwaitEnd());
}

TEST_F(WebSocketStreamTest, AFrameThatIsNotMaskedEndsItWith1002) {
  Open();
  client_.Send("\x82\x01x");
  EXPECT_EQ(client_.ReceiveAll(), "\x88\x02\x03\xEA");
  EXPECT_TRUE(server_.AwaitEnd());
}

TEST_F(WebSocketStreamTest, ARefusedHandshakeIsAnsweredAndEnds) {
  client_.Send(
      "GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  EXPECT_THAT(client_.ReceiveAll(), HasSubstr("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_TRUE(server_.AwaitEnd());
}

TEST_F(WebSocketStreamTest, AClientThatReadsNoPongsGetsNoMoreThanABoundOfThem) {
  Open();
  const std::string ping = Frame(0x89, std::string(125, 'p'));
  std::string pings;
  while (pings.size() < 16 << 20) pings += ping;
  client_.Send(pings + Frame(0x88, "\x03\xE8"));
  const size_t received = client_.ReceiveAll().size();
  EXPECT_GT(received, 127u);
  EXPECT_LE(received, pings.size());
  EXPECT_TRUE(server_.AwaitEnd());
}

}  // namespace
}  // namespace chat::net
