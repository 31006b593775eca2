#include "libs/net/websocket_handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace chat::net {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const UpgradeRules kMqtt{"/mqtt", false, "mqtt"};
const UpgradeRules kN2o{"/ws", true, ""};

std::string Request(const std::string& target, const std::string& fields) {
  return "GET " + target + " HTTP/1.1\r\nHost: example\r\n" + fields + "\r\n";
}

const std::string kFields =
    "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
const std::string kGood = Request("/mqtt", kFields + "Sec-WebSocket-Protocol: mqtt\r\n");

// The status of the answer, 0 while more is needed.
int StatusOf(const std::string& request, const UpgradeRules& rules = kMqtt) {
  const Upgrade upgrade = ReadUpgrade(request, rules);
  EXPECT_EQ(upgrade.answer.empty(), upgrade.state == Upgrade::State::kNeedMore);
  return upgrade.answer.empty() ? 0 : std::stoi(upgrade.answer.substr(9));
}

TEST(WebSocketHandshakeTest, TheExampleOfTheStandardIsAnsweredAsItSays) {
  const Upgrade upgrade = ReadUpgrade(kGood + "rest", kMqtt);
  EXPECT_EQ(upgrade.state, Upgrade::State::kAccepted);
  EXPECT_EQ(upgrade.consumed, kGood.size());
  EXPECT_EQ(upgrade.answer,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
}

TEST(WebSocketHandshakeTest, APartOfARequestNeedsMore) {
  for (size_t size = 0; size < kGood.size(); ++size) {
    ASSERT_EQ(StatusOf(kGood.substr(0, size)), 0) << size;
  }
}

TEST(WebSocketHandshakeTest, TheFirstSubProtocolThatBeginsWithMqttIsChosen) {
  const auto answer = [](const std::string& offered) {
    return ReadUpgrade(Request("/mqtt", kFields + "Sec-WebSocket-Protocol: " + offered + "\r\n"),
                       kMqtt)
        .answer;
  };
  EXPECT_THAT(answer("chat, mqttv3.1, mqtt"), HasSubstr("Protocol: mqttv3.1\r\n"));
  EXPECT_THAT(answer("chat\r\nSec-WebSocket-Protocol: mqtt"), HasSubstr("Protocol: mqtt\r\n"));
  EXPECT_THAT(answer("chat"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("MQTT"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer("mqtt" + std::string(100, 'x')), StartsWith("HTTP/1.1 400 "));
}

TEST(WebSocketHandshakeTest, WithoutASubProtocolMqttIsRefusedWith400) {
  EXPECT_EQ(StatusOf(Request("/mqtt", kFields)), 400);
}

TEST(WebSocketHandshakeTest, WhereNoneIsRequiredTheFirstOneOfferedIsTaken) {
  EXPECT_THAT(ReadUpgrade(Request("/ws", kFields), kN2o).answer, Not(HasSubstr("Protocol:")));
  EXPECT_THAT(
      ReadUpgrade(Request("/ws", kFields + "Sec-WebSocket-Protocol: n2o, x\r\n"), kN2o).answer,
      HasSubstr("Sec-WebSocket-Protocol: n2o\r\n"));
}

TEST(WebSocketHandshakeTest, OnlyItsOwnPathIsServed) {
  const std::string fields = kFields + "Sec-WebSocket-Protocol: mqtt\r\n";
  EXPECT_EQ(StatusOf(Request("/mqtt?x=1", fields)), 101);
  EXPECT_EQ(StatusOf(Request("/mqtt/", fields)), 404);
  EXPECT_EQ(StatusOf(Request("/", fields)), 404);
  EXPECT_EQ(StatusOf(Request("/ws/static/app", kFields), kN2o), 101);
  EXPECT_EQ(StatusOf(Request("/wss", kFields), kN2o), 404);
}

TEST(WebSocketHandshakeTest, ARequestWithoutUpgradeIsToldToUpgrade) {
  EXPECT_EQ(StatusOf(Request("/mqtt", "")), 426);
  EXPECT_EQ(StatusOf(Request("/mqtt", "Upgrade: websocket\r\n")), 426);
  const std::string old =
      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      "Sec-WebSocket-Version: 8\r\n";
  EXPECT_THAT(ReadUpgrade(Request("/mqtt", old), kMqtt).answer,
              HasSubstr("Sec-WebSocket-Version: 13\r\n"));
}

TEST(WebSocketHandshakeTest, AnotherMethodIs405) {
  EXPECT_EQ(StatusOf("POST" + kGood.substr(3)), 405);
}

TEST(WebSocketHandshakeTest, WhatIsMalformedIs400) {
  const std::string fields = kFields + "Sec-WebSocket-Protocol: mqtt\r\n";
  EXPECT_EQ(StatusOf("GET /mqtt HTTP/1.0\r\nHost: x\r\n" + fields + "\r\n"), 400);
  EXPECT_EQ(StatusOf("GET mqtt HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"), 400);
  EXPECT_EQ(StatusOf("GET /mqtt HTTP/1.1\r\n" + fields + "\r\n"), 400) << "no Host";
  EXPECT_EQ(StatusOf(Request("/mqtt", fields + "Host: y\r\n")), 400) << "two of them";
  EXPECT_EQ(StatusOf(Request("/mqtt", fields + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")),
            400);
  EXPECT_EQ(StatusOf(Request("/mqtt", fields + " folded: x\r\n")), 400);
  EXPECT_EQ(StatusOf(Request("/mqtt", fields + "no colon\r\n")), 400);
  EXPECT_EQ(StatusOf("\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf(std::string("\x10\x10\0\4MQTT\r\n\r\n", 12)), 400) << "MQTT without WebSocket";
}

TEST(WebSocketHandshakeTest, AKeyThatIsNotSixteenBytesIs400) {
  for (const char* key :
       {"", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZQ=x", "dGhlIHNhb!BsZSBub25jZQ=="}) {
    EXPECT_EQ(StatusOf(Request("/mqtt",
                               "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Key: " +
                                   std::string(key) + "\r\n")),
              400)
        << key;
  }
}

TEST(WebSocketHandshakeTest, ARequestThatDoesNotEndIs431) {
  const std::string endless = "GET /mqtt HTTP/1.1\r\nHost: x\r\nX: " + std::string(9000, 'x');
  EXPECT_EQ(StatusOf(endless.substr(0, kMaxUpgradeHead - 1)), 0);
  EXPECT_EQ(StatusOf(endless.substr(0, kMaxUpgradeHead)), 431);
}

}  // namespace
}  // namespace chat::net
