#include "libs/client/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/client/failure.h"
#include "libs/client/recording_handler.h"

namespace chat::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConnectionTest : public ::testing::Test {
 protected:
  void Open(bool session_present = false, uint16_t keep_alive_s = 30) {
    ConnectOptions options;
    options.client_id = "emqttd_1";
    options.clean_session = false;
    options.keep_alive_s = keep_alive_s;
    ASSERT_TRUE(connection_.Connect(options, 0).ok());
    connection_.OnBytes(ServerConnack(session_present), 0);
    ASSERT_EQ(connection_.state(), Connection::State::kConnected);
    handler_.Take();
  }

  ConnectionLimits limits_;
  RecordingHandler handler_;
  Connection connection_{limits_, handler_};
};

TEST_F(ConnectionTest, ConnectWritesTheBytesOfTheSpecification) {
  ConnectOptions options;
  options.client_id = "emqttd_1";
  options.password = "secret";
  options.clean_session = false;
  options.keep_alive_s = 60;
  ASSERT_TRUE(connection_.Connect(options, 0).ok());
  EXPECT_EQ(handler_.sent(), std::string("\x10\x21\0\x04MQTT\x04\xc0\0\x3c\0\x08"
                                         "emqttd_1\0\x03"
                                         "api\0\x06"
                                         "secret",
                                         35));
  EXPECT_THAT(handler_.Take(), ElementsAre("send CONNECT emqttd_1"));
}

TEST_F(ConnectionTest, ConnackOpensWhateverTheSplitOfItsBytes) {
  ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1"}, 0).ok());
  handler_.Take();
  for (const char byte : ServerConnack(true)) {
    EXPECT_THAT(handler_.Take(), IsEmpty());
    connection_.OnBytes(std::string_view(&byte, 1), 0);
  }
  EXPECT_THAT(handler_.Take(), ElementsAre("connected to a stored session"));
}

TEST_F(ConnectionTest, ARefusedConnectIsARefusalByName) {
  ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1"}, 0).ok());
  connection_.OnBytes(ServerConnack(false, 4), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kRefused);
  EXPECT_EQ(handler_.ended().message(), "not_authorized");
  EXPECT_EQ(connection_.state(), Connection::State::kClosed);
}

TEST_F(ConnectionTest, ServerUnavailableIsAConnectionFailure) {
  ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1"}, 0).ok());
  connection_.OnBytes(ServerConnack(false, 3), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kConnection);
}

TEST_F(ConnectionTest, AnythingBeforeConnackIsAProtocolFailure) {
  ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1"}, 0).ok());
  connection_.OnBytes(Bytes(mqtt::Pingresp{}), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kProtocol);
}

TEST_F(ConnectionTest, ASecondConnackIsAProtocolFailure) {
  Open();
  connection_.OnBytes(ServerConnack(false), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kProtocol);
}

TEST_F(ConnectionTest, MalformedBytesEndTheConnectionAndNothingFollows) {
  Open();
  connection_.OnBytes(std::string("\xf0\0", 2) + Bytes(mqtt::Pingresp{}), 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("ended"));
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kProtocol);
  connection_.OnBytes(ServerPublish("t", "x", 1, mqtt::Qos::kAtLeastOnce), 0);
  EXPECT_THAT(handler_.Take(), IsEmpty());
}

TEST_F(ConnectionTest, MissingConnackTimesOut) {
  ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1"}, 1000).ok());
  ASSERT_EQ(connection_.NextDeadline(), 1000 + limits_.connack_timeout_ms);
  connection_.OnTime(1000 + limits_.connack_timeout_ms - 1);
  EXPECT_EQ(connection_.state(), Connection::State::kConnecting);
  connection_.OnTime(1000 + limits_.connack_timeout_ms);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kConnection);
}

TEST_F(ConnectionTest, SilenceIsBrokenByPingreqBeforeTheKeepAliveRunsOut) {
  Open(false, 40);
  ASSERT_EQ(connection_.NextDeadline(), 30'000);
  connection_.OnTime(29'999);
  EXPECT_THAT(handler_.Take(), IsEmpty());
  connection_.OnTime(30'000);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PINGREQ"));
  connection_.OnBytes(Bytes(mqtt::Pingresp{}), 30'100);
  EXPECT_EQ(connection_.NextDeadline(), 60'000);
}

TEST_F(ConnectionTest, MissingPingrespEndsTheConnection) {
  Open(false, 40);
  connection_.OnTime(30'000);
  connection_.OnTime(30'000 + limits_.ping_timeout_ms);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kConnection);
}

TEST_F(ConnectionTest, WithoutKeepAliveThereIsNoTimer) {
  Open(false, 0);
  EXPECT_EQ(connection_.NextDeadline(), std::nullopt);
}

TEST_F(ConnectionTest, DisconnectSaysGoodbyeAndIsNoFailure) {
  Open();
  connection_.Disconnect();
  EXPECT_THAT(handler_.Take(), ElementsAre("send DISCONNECT"));
  EXPECT_EQ(connection_.state(), Connection::State::kClosed);
}

TEST_F(ConnectionTest, WhatIsSubscribedIsTakenWhenSubackComes) {
  Open();
  const auto id = connection_.Subscribe(
      {{.filter = "a/#", .qos = mqtt::Qos::kAtLeastOnce}, {.filter = "b"}}, 0);
  ASSERT_TRUE(id.ok());
  EXPECT_THAT(handler_.Take(), ElementsAre("send SUBSCRIBE 1 a/#@1 b@0"));
  EXPECT_TRUE(connection_.Awaits(*id));
  connection_.OnBytes(ServerSuback(1, {0, 0}), 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("acknowledged 1"));
  EXPECT_FALSE(connection_.Awaits(*id));
}

TEST_F(ConnectionTest, ARefusedSubscriptionEndsTheConnection) {
  Open();
  ASSERT_TRUE(connection_.Subscribe({{.filter = "a"}, {.filter = "b"}}, 0).ok());
  connection_.OnBytes(ServerSuback(1, {1, mqtt::kSubackFailure}), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kRefused);
}

TEST_F(ConnectionTest, SubackToNothingIsAProtocolFailure) {
  Open();
  ASSERT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
  connection_.OnBytes(ServerSuback(1, {1}), 0);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kProtocol);
}

TEST_F(ConnectionTest, SubscriptionsThatDoNotFitAreNotSent) {
  EXPECT_FALSE(connection_.Subscribe({{.filter = "a"}}, 0).ok()) << "not connected";
  Open();
  EXPECT_FALSE(connection_.Subscribe({}, 0).ok());
  EXPECT_FALSE(connection_.Subscribe({{.filter = "a#"}}, 0).ok());
  limits_.max_in_flight = 1;
  ASSERT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
  EXPECT_FALSE(connection_.Subscribe({{.filter = "a"}}, 0).ok());
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBLISH 1"));
}

TEST_F(ConnectionTest, TextsThatDoNotFitMqttAreRefusedBeforeAnythingIsSent) {
  EXPECT_FALSE(connection_.Connect({.client_id = std::string(65'536, 'x')}, 0).ok());
  EXPECT_FALSE(connection_.Connect({.client_id = "\xff"}, 0).ok());
  EXPECT_THAT(handler_.Take(), IsEmpty());
}

}  // namespace
}  // namespace chat::client
