#include "libs/mqtt/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "libs/mqtt/connection_testing.h"

// From the first byte to CONNACK, and the ways a connection ends.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Bytes;
using testing_support::RecordingOwner;

constexpr char kConnect[] = "10 0E 0004 'MQTT' 04 00 000A 0002 'ab'";       // keep-alive 10 s
constexpr char kCleanConnect[] = "10 0E 0004 'MQTT' 04 02 0000 0002 'ab'";  // no keep-alive
constexpr char kConnectLine[] = "CONNECT v=4 c='ab' k=10";
constexpr char kWillConnect[] = "10 16 0004 'MQTT' 04 2E 0000 0002 'ab' 0001 't' 0003 'bye'";

class ConnectionTest : public testing::Test {
 protected:
  void Feed(std::string_view description, Millis now = 0) {
    connection_.OnBytes(Bytes(description), now);
  }
  void Open(const char* connect = kConnect) {
    Feed(connect);
    connection_.Accept(session_, false, 0);
    connection_.Proceed();
    session_.Resume();
    owner_.Take();
  }

  ConnectionLimits limits_{.max_packet_size = 1000, .connect_timeout_ms = 500};
  SessionLimits session_limits_;
  Session session_{session_limits_};
  RecordingOwner owner_;
  Connection connection_{limits_, owner_, 0};
};

TEST_F(ConnectionTest, AConnectIsAskedAboutAndAccepted) {
  // MQTT-3.2.0-1, MQTT-3.1.4-4
  Feed(kConnect);
  EXPECT_THAT(owner_.Take(), ElementsAre(kConnectLine));
  EXPECT_EQ(connection_.state(), Connection::State::kConnecting);
  EXPECT_FALSE(session_.attached());
  connection_.Accept(session_, false, 5);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=0"));
  EXPECT_TRUE(session_.attached());
  EXPECT_EQ(connection_.session(), &session_);
  EXPECT_EQ(connection_.state(), Connection::State::kConnected);
}

TEST_F(ConnectionTest, EveryPacketIsToldByItsType) {
  Open();
  Feed("30 05 0001 't' 'ab'");
  Feed("C0 00");
  Feed("82 06 0001 0001 't' 00");
  Feed("E0 00");
  EXPECT_THAT(owner_.packets,
              ElementsAre(PacketType::kConnect, PacketType::kPublish, PacketType::kPingreq,
                          PacketType::kSubscribe, PacketType::kDisconnect));
}

TEST_F(ConnectionTest, SessionPresentIsToldToAClientThatKeepsItsSession) {
  // MQTT-3.2.2-2
  Feed(kConnect);
  connection_.Accept(session_, true, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre(kConnectLine, "> CONNACK code=0 present"));
}

TEST_F(ConnectionTest, SessionPresentIsZeroAfterACleanConnect) {
  // MQTT-3.2.2-1
  Feed(kCleanConnect);
  owner_.Take();
  connection_.Accept(session_, true, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=0"));
}

TEST_F(ConnectionTest, Version31IsAccepted) {
  Feed("10 10 0006 'MQIsdp' 03 00 000A 0002 'ab'");
  connection_.Accept(session_, true, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre("CONNECT v=3 c='ab' k=10", "> CONNACK code=0"));
  EXPECT_EQ(connection_.version(), Version::k31);
}

TEST_F(ConnectionTest, ARefusalIsToldAndCloses) {
  // MQTT-3.1.3-9
  // MQTT-3.2.2-5, MQTT-3.2.2-4
  for (int code = 1; code <= 5; ++code) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    connection.OnBytes(Bytes(kWillConnect), 0);
    owner.Take();
    connection.Refuse(static_cast<ConnectCode>(code));
    EXPECT_THAT(owner.Take(), ElementsAre("> CONNACK code=" + std::to_string(code),
                                          "closed refused MQTT-3.2.2-5"));
    EXPECT_EQ(owner.closed->will, nullptr) << "a will is stored with the acceptance only";
    connection.Accept(session_, false, 0);
    EXPECT_FALSE(session_.attached());
  }
}

TEST_F(ConnectionTest, AnUnknownLevelIsRefusedWithCode1) {
  // MQTT-3.1.2-2
  Feed("10 0C 0004 'MQTT' 06 02 0000 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=1", "closed refused MQTT-3.1.2-2"));
}

TEST_F(ConnectionTest, AnUnknownLevelInTheFramingOf5IsRefusedInThatFraming) {
  // MQTT5-3.1.2-2
  owner_.Speak(Version::k5);
  Feed("10 0D 0004 'MQTT' 06 02 0000 00 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=132 {31='protocol level'}",
                                         "closed refused MQTT-3.1.2-2"));
}

TEST_F(ConnectionTest, AnUnknownProtocolNameIsClosedWithoutAnswer) {
  // MQTT5-3.1.2-1
  // MQTT-3.1.2-1
  Feed("10 0C 0004 'HTTP' 04 02 0000 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("closed error MQTT-3.1.2-1"));
}

TEST_F(ConnectionTest, AMalformedConnectIsClosedWithoutAnswer) {
  // MQTT-3.1.4-1, MQTT-3.1.2-3
  Feed("10 0C 0004 'MQTT' 04 03 0000 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("closed error MQTT-3.1.2-3"));
}

TEST_F(ConnectionTest, AnEmptyClientIdNeedsACleanSession) {
  // MQTT-3.1.3-7, MQTT-3.1.3-8
  Feed("10 0C 0004 'MQTT' 04 00 0000 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=2", "closed refused MQTT-3.2.2-5"));
}

TEST_F(ConnectionTest, AnEmptyClientIdOfACleanSessionIsTheOwnersToName) {
  // MQTT-3.1.3-6
  Feed("10 0C 0004 'MQTT' 04 02 0000 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("CONNECT v=4 c='' k=0 clean"));
}

TEST_F(ConnectionTest, TheFirstPacketMustBeConnect) {
  // MQTT5-3.1.0-1
  // MQTT-3.1.0-1
  for (const char* packet : {"C0 00", "E0 00", "30 03 0001 't'", "82 06 0001 0001 'a' 00",
                             "A2 05 0001 0001 'a'", "40 02 0001", "62 02 0001"}) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    connection.OnBytes(Bytes(packet), 0);
    EXPECT_THAT(owner.Take(), ElementsAre("closed error MQTT-3.1.0-1")) << packet;
  }
}

TEST_F(ConnectionTest, ASecondConnectIsAnError) {
  // MQTT-3.1.0-2
  Open();
  Feed(kConnect);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed error MQTT-3.1.0-2"));
}

TEST_F(ConnectionTest, ASecondConnectOfAnotherVersionIsNotAnswered) {
  // MQTT-3.1.0-2
  Open();
  Feed("10 0D 0004 'MQTT' 05 02 0000 00 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("closed error MQTT-3.1.0-2"));
}

TEST_F(ConnectionTest, WhoSendsNoConnectIsClosed) {
  EXPECT_EQ(connection_.NextDeadline(), 500);
  Feed("10 0E 0004", 400);
  connection_.OnTime(499);
  EXPECT_THAT(owner_.Take(), IsEmpty());
  connection_.OnTime(500);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed no connect "));
  EXPECT_EQ(connection_.NextDeadline(), std::nullopt);
}

TEST_F(ConnectionTest, TheOwnersVerdictHasNoDeadlineHere) {
  Feed(kConnect);
  EXPECT_EQ(connection_.NextDeadline(), std::nullopt);
  connection_.OnTime(1'000'000);
  EXPECT_EQ(connection_.state(), Connection::State::kConnecting);
}

TEST_F(ConnectionTest, ASilentClientIsClosedAfterOneAndAHalfKeepAlive) {
  // MQTT-3.1.2-24
  Open();
  Feed("C0 00", 1'000);
  EXPECT_EQ(connection_.NextDeadline(), 16'000);
  Feed("C0", 9'000);  // half a packet is none
  connection_.OnTime(15'999);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PINGRESP"));
  connection_.OnTime(16'000);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed silent MQTT-3.1.2-24"));
}

TEST_F(ConnectionTest, WithoutKeepAliveSilenceIsAllowed) {
  Open(kCleanConnect);
  EXPECT_EQ(connection_.NextDeadline(), std::nullopt);
  connection_.OnTime(1'000'000'000);
  EXPECT_EQ(connection_.state(), Connection::State::kConnected);
}

TEST_F(ConnectionTest, SilenceDoesNotCountWhileTheClientIsNotRead) {
  Open();
  connection_.Throttle(true);
  EXPECT_FALSE(connection_.wants_read());
  connection_.OnTime(15'000);
  EXPECT_EQ(connection_.NextDeadline(), 30'000);
  Feed("C0 00", 20'000);
  connection_.Throttle(false);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PINGRESP", "readable"));
  connection_.OnTime(30'000);
  EXPECT_EQ(connection_.NextDeadline(), 45'000) << "a packet was handled at an unknown time";
  connection_.OnTime(45'000);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed silent MQTT-3.1.2-24"));
}

TEST_F(ConnectionTest, PingreqIsAnswered) {
  // MQTT5-3.12.4-1
  // MQTT-3.12.4-1
  Open();
  Feed("C0 00 C0 00");
  EXPECT_THAT(owner_.Take(), ElementsAre("> PINGRESP", "> PINGRESP"));
}

TEST_F(ConnectionTest, DisconnectDropsTheWill) {
  // MQTT-3.14.4-3, MQTT-3.1.2-10, MQTT-3.14.4-2
  Open(kWillConnect);
  Feed("E0 00 C0 00");
  EXPECT_THAT(owner_.Take(), ElementsAre("closed by client "));
  EXPECT_EQ(owner_.closed->will, nullptr);
  EXPECT_FALSE(session_.attached());
}

TEST_F(ConnectionTest, EveryOtherEndPublishesTheWill) {
  // MQTT-3.1.2-8
  const std::function<void(Connection&)> ends[] = {
      [](Connection& c) { c.OnNetworkLost(); },
      [](Connection& c) { c.Close(Reason::kSessionTakenOver); },
      [](Connection& c) { c.OnBytes(Bytes("00 00"), 0); },
  };
  for (const auto& end : ends) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    Session session(session_limits_);
    connection.OnBytes(Bytes(kWillConnect), 0);
    connection.Accept(session, false, 0);
    connection.Proceed();
    end(connection);
    ASSERT_TRUE(owner.closed);
    ASSERT_NE(owner.closed->will, nullptr);
    EXPECT_EQ(owner.closed->will->topic, "t");
    EXPECT_EQ(owner.closed->will->payload, "bye");
    EXPECT_EQ(owner.closed->will->qos, Qos::kAtLeastOnce);
    EXPECT_TRUE(owner.closed->will->retain);
    EXPECT_FALSE(session.attached());
  }
}

TEST_F(ConnectionTest, AConnectionEndsOnce) {
  Open();
  connection_.Close(Reason::kServerShuttingDown);
  EXPECT_EQ(owner_.closed->error.reason, Reason::kServerShuttingDown);
  connection_.Close(Reason::kServerShuttingDown);
  connection_.OnNetworkLost();
  Feed("C0 00");
  connection_.OnTime(1'000'000);
  connection_.Refuse(ConnectCode::kNotAuthorized);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed by owner "));
}

TEST_F(ConnectionTest, AClientThatLeavesBeforeTheVerdictIsNotAccepted) {
  Feed(kWillConnect);
  connection_.OnNetworkLost();
  connection_.Accept(session_, false, 0);
  EXPECT_FALSE(session_.attached());
  EXPECT_EQ(owner_.closed->will, nullptr);
}

TEST_F(ConnectionTest, ADestroyedConnectionDetachesItsSession) {
  RecordingOwner owner;
  {
    Connection connection(limits_, owner, 0);
    connection.OnBytes(Bytes(kConnect), 0);
    connection.Accept(session_, false, 0);
    EXPECT_TRUE(session_.attached());
  }
  EXPECT_FALSE(session_.attached());
}

TEST_F(ConnectionTest, APacketBeyondTheLimitCloses) {
  Open();
  Feed("30 E8 07");
  EXPECT_EQ(owner_.closed->error.reason, Reason::kPacketTooLarge);
}

TEST_F(ConnectionTest, AnIdleConnectionIsSmall) { EXPECT_LE(sizeof(Connection), 200u); }

}  // namespace
}  // namespace chat::mqtt
