#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "libs/mqtt/connection_testing.h"
#include "libs/mqtt/session_testing.h"

// What 5.0 changes on a connection.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using testing_support::Bytes;
using testing_support::RecordingOwner;
using testing_support::Text;

constexpr char kConnect[] = "10 0F 0004 'MQTT' 05 02 0000 00 0002 'ab'";
constexpr char kWillConnect[] =
    "10 22 0004 'MQTT' 05 2E 0000 00 0002 'ab'"
    "0A 18 0000003C 02 0000000A 0001 't' 0003 'bye'";
constexpr char kConnack[] = "> CONNACK code=0 {33=1024 39=1000 34=2}";

class Connection5Test : public testing::Test {
 protected:
  void Feed(std::string_view description, Millis now = 0) {
    connection_.OnBytes(Bytes(description), now);
  }
  void Open(std::string_view connect = kConnect) {
    Feed(connect);
    connection_.Accept(session_, false, 0);
    connection_.Proceed();
    session_.Resume();
    owner_.Take();
  }
  // A CONNECT with these properties.
  static std::string With(std::string_view properties) {
    const std::string bytes = Bytes(properties);
    std::string body = Bytes("0004 'MQTT' 05 02 000A");
    body.push_back(static_cast<char>(bytes.size()));
    body += bytes + Bytes("0002 'ab'");
    return std::string("\x10") + static_cast<char>(body.size()) + body;
  }
  void OpenWith(std::string_view properties) {
    connection_.OnBytes(With(properties), 0);
    connection_.Accept(session_, false, 0);
    connection_.Proceed();
    session_.Resume();
    owner_.Take();
  }
  static SharedMessage Long(std::string_view topic, size_t size) {
    return Message::Create(topic, std::string(size, 'x'));
  }

  ConnectionLimits limits_{.max_packet_size = 1000,
                           .connect_timeout_ms = 500,
                           .max_keep_alive_s = 60,
                           .inbound_aliases = 2,
                           .outbound_aliases = 2};
  SessionLimits session_limits_;
  Session session_{session_limits_};
  RecordingOwner owner_;
  Connection connection_{limits_, owner_, 0};
};

TEST_F(Connection5Test, ConnackSaysWhatTheServerAllows) {
  // MQTT5-3.1.2-28, MQTT5-3.2.0-2
  // MQTT5-3.2.0-1, MQTT5-3.1.4-5
  connection_.OnBytes(With(""), 0);
  owner_.Take();
  connection_.Accept(session_, false, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre(kConnack));
  EXPECT_EQ(connection_.version(), Version::k5);
}

TEST_F(Connection5Test, TheKeepAliveOfTheServerReplacesALongerOne) {
  // MQTT5-3.2.2-21, MQTT5-3.2.2-22
  // MQTT5-3.1.2-21, MQTT5-3.1.2-22
  Feed(kConnect);
  owner_.Take();
  connection_.Accept(session_, false, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=0 {33=1024 39=1000 34=2 19=60}"));
  connection_.Proceed();
  owner_.Take();
  connection_.OnTime(89'999);
  EXPECT_THAT(owner_.Take(), IsEmpty());
  connection_.OnTime(90'000);
  EXPECT_THAT(owner_.Take(),
              ElementsAre("> DISCONNECT r=0x8D {31='silent for 1.5 times the keep-alive'}",
                          "closed silent MQTT-3.1.2-24"));
}

TEST_F(Connection5Test, AnAssignedIdExpiryAndResponseInfoAreTold) {
  // MQTT5-3.1.3-7, MQTT5-3.2.2-16, 3.2.2.3.15
  connection_.OnBytes(With("19 01"), 0);
  owner_.Take();
  connection_.Accept(session_,
                     Acceptance{.session_present = false,
                                .assigned_client_id = "emqttd_1",
                                .session_expiry_s = 7,
                                .response_info = "actions/1/api/emqttd_1"},
                     0);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=0 {17=7 33=1024 39=1000 18='emqttd_1'"
                                         " 34=2 26='actions/1/api/emqttd_1'}"));
}

TEST_F(Connection5Test, AnEmptyClientIdIsTheOwnersToNameEvenForAStoredSession) {
  // MQTT5-3.1.3-6
  Feed("10 0D 0004 'MQTT' 05 00 0000 00 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("CONNECT v=5 c='' k=0"));
}

TEST_F(Connection5Test, SessionPresentIsForThoseWhoDoNotStartClean) {
  // MQTT5-3.2.2-1
  // MQTT5-3.2.2-2, MQTT5-3.2.2-3, MQTT5-3.1.2-4
  for (const bool clean : {false, true}) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    Session session(session_limits_);
    connection.OnBytes(Bytes(clean ? "10 0F 0004 'MQTT' 05 02 0001 00 0002 'ab'"
                                   : "10 0F 0004 'MQTT' 05 00 0001 00 0002 'ab'"),
                       0);
    owner.Take();
    connection.Accept(session, true, 0);
    EXPECT_THAT(owner.Take(),
                ElementsAre(StartsWith(clean ? "> CONNACK code=0 {" : "> CONNACK code=0 present")));
  }
}

TEST_F(Connection5Test, ARefusalCarriesItsReason) {
  // MQTT5-3.1.3-8
  // MQTT5-3.2.2-6, MQTT5-3.2.2-7, MQTT5-3.1.4-2
  const std::pair<Reason, const char*> cases[] = {
      {Reason::kClientIdentifierNotValid, "> CONNACK code=133"},
      {Reason::kBadUserNameOrPassword, "> CONNACK code=134"},
      {Reason::kNotAuthorized, "> CONNACK code=135"},
      {Reason::kServerUnavailable, "> CONNACK code=136"},
      {Reason::kServerBusy, "> CONNACK code=137"},
      {Reason::kConnectionRateExceeded, "> CONNACK code=159"},
      {Reason::kSessionTakenOver, "> CONNACK code=128"},  // has no place in a CONNACK
  };
  for (const auto& [reason, connack] : cases) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    connection.OnBytes(Bytes(kConnect), 0);
    owner.Take();
    connection.Refuse(reason);
    EXPECT_THAT(owner.Take(), ElementsAre(connack, "closed refused MQTT-3.2.2-5"));
  }
}

TEST_F(Connection5Test, ARefusalOfTheOlderCodesIsTranslated) {
  Feed(kConnect);
  owner_.Take();
  connection_.Refuse(ConnectCode::kIdentifierRejected);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=133", "closed refused MQTT-3.2.2-5"));
}

TEST_F(Connection5Test, AMalformedConnectIsAnswered) {
  // MQTT5-3.1.2-3
  // MQTT5-3.1.4-1, MQTT5-4.13.2-1
  owner_.Speak(Version::k5);
  Feed("10 0D 0004 'MQTT' 05 03 0000 00 0000");
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=129 {31='reserved flag of CONNECT'}",
                                         "closed error MQTT-3.1.2-3"));
}

TEST_F(Connection5Test, AnAuthenticationMethodIsRefused) {
  // MQTT5-4.12.0-1
  owner_.Speak(Version::k5);
  connection_.OnBytes(With("15 0001 'm'"), 0);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=140", "closed refused MQTT-3.2.2-5"));
}

TEST_F(Connection5Test, AuthOutOfPlaceIsRefused) {
  // MQTT5-4.12.0-6
  Open();
  Feed("F0 06 18 04 15 0001 'm'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x82"), "closed error MQTT5-4.12.0-6"));
  RecordingOwner owner;
  Connection connection(limits_, owner, 0);
  Session session(session_limits_);
  connection.OnBytes(Bytes(kConnect), 0);
  connection.Accept(session, false, 0);
  connection.Proceed();
  owner.Take();
  connection.OnBytes(Bytes("F0 00"), 0);
  EXPECT_THAT(owner.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x82"), "closed error MQTT5-4.12.0-6"));
}

TEST_F(Connection5Test, ASecondConnectIsAProtocolError) {
  // MQTT5-3.1.0-2
  Open();
  Feed(kConnect);
  EXPECT_THAT(owner_.Take(), ElementsAre("> DISCONNECT r=0x82 {31='a second CONNECT'}",
                                         "closed error MQTT-3.1.0-2"));
}

TEST_F(Connection5Test, ErrorsAreToldByDisconnect) {
  // MQTT5-4.13.1-1, MQTT5-3.14.0-1
  const std::pair<const char*, const char*> cases[] = {
      {"31 06 0001 't' 02 7F 00", "> DISCONNECT r=0x81"},
      {"36 06 0001 't' 0001 00", "> DISCONNECT r=0x81"},  // MQTT5-3.3.1-4
      {"82 08 0001 00 0002 'a#' 00", "> DISCONNECT r=0x8F"},
      {"30 06 0003 'a/#' 00", "> DISCONNECT r=0x90"},  // MQTT5-3.3.2-2
      {"30 FF 7F", "> DISCONNECT r=0x95"},
      {"30 04 0001 't' 00", ""},
  };
  for (const auto& [packet, disconnect] : cases) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    Session session(session_limits_);
    connection.OnBytes(Bytes(kConnect), 0);
    connection.Accept(session, false, 0);
    connection.Proceed();
    owner.Take();
    connection.OnBytes(Bytes(packet), 0);
    const auto effects = owner.Take();
    ASSERT_FALSE(effects.empty()) << packet;
    if (*disconnect == 0) continue;
    EXPECT_THAT(effects, ElementsAre(StartsWith(disconnect), StartsWith("closed error"))) << packet;
  }
}

TEST_F(Connection5Test, TheServersEndHasItsReason) {
  // MQTT5-3.14.4-1, MQTT5-3.14.4-2
  // MQTT5-3.14.2-1, O7
  for (const Reason reason :
       {Reason::kSessionTakenOver, Reason::kUseAnotherServer, Reason::kServerShuttingDown,
        Reason::kNotAuthorized, Reason::kQuotaExceeded, Reason::kSuccess}) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    Session session(session_limits_);
    connection.OnBytes(Bytes(kConnect), 0);
    connection.Accept(session, false, 0);
    owner.Take();
    connection.Close(reason);
    Packet expected = Disconnect{reason, {}};
    EXPECT_THAT(owner.Take(),
                ElementsAre("> " + testing_support::Describe(expected), "closed by owner "));
  }
}

TEST_F(Connection5Test, TheServersEndBeforeItsVerdictIsARefusal) {
  // MQTT5-3.14.0-1: no DISCONNECT before CONNACK
  Feed(kConnect);
  owner_.Take();
  connection_.Close(Reason::kSuccess);
  EXPECT_THAT(owner_.Take(), ElementsAre("> CONNACK code=128", "closed by owner "));
}

TEST_F(Connection5Test, DisconnectMayAskForTheWill) {
  // MQTT5-3.14.4-3, MQTT5-3.1.2-8, MQTT5-3.1.2-10
  const std::pair<const char*, bool> cases[] = {
      {"E0 00", false}, {"E0 01 00", false}, {"E0 01 04", true}, {"E0 01 80", true}};
  for (const auto& [packet, kept] : cases) {
    RecordingOwner owner;
    Connection connection(limits_, owner, 0);
    Session session(session_limits_);
    connection.OnBytes(Bytes(kWillConnect), 0);
    connection.Accept(session, false, 0);
    connection.Proceed();
    owner.Take();
    connection.OnBytes(Bytes(packet), 0);
    EXPECT_THAT(owner.Take(), ElementsAre("closed by client ")) << packet;
    EXPECT_EQ(owner.closed->will != nullptr, kept) << packet;
  }
}

TEST_F(Connection5Test, AWillKeepsItsDelayExpiryAndProperties) {
  // MQTT5-3.1.3-9, 3.1.3.2
  Feed(
      "10 2A 0004 'MQTT' 05 2E 0000 00 0002 'ab'"
      "12 18 0000003C 02 0000000A 01 01 03 0003 'txt' 0001 't' 0003 'bye'");
  connection_.Accept(session_, false, 0);
  connection_.OnNetworkLost();
  ASSERT_TRUE(owner_.closed);
  ASSERT_NE(owner_.closed->will, nullptr);
  const StoredWill& will = *owner_.closed->will;
  EXPECT_EQ(will.delay_s, 60u);
  EXPECT_EQ(will.expiry_s, 10u);
  EXPECT_EQ(will.properties, Bytes("01 01 03 0003 'txt'"));
}

TEST_F(Connection5Test, DisconnectMayChangeTheSessionsLifeButNotBegetIt) {
  // MQTT5-3.1.2-23, 3.14.2.2.2
  OpenWith("11 0000000A");
  Feed("E0 07 00 05 11 00000000");
  EXPECT_EQ(owner_.closed->session_expiry_s, 0u);

  RecordingOwner owner;
  Connection connection(limits_, owner, 0);
  Session session(session_limits_);
  connection.OnBytes(Bytes(kConnect), 0);
  connection.Accept(session, false, 0);
  connection.Proceed();
  owner.Take();
  connection.OnBytes(Bytes("E0 07 00 05 11 00000005"), 0);
  EXPECT_THAT(owner.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x82"), "closed error MQTT5-3.1.2-23"));
}

TEST_F(Connection5Test, ReasonsOfServersAreNotForClients) {
  // MQTT5-3.14.2-1
  Open();
  Feed("E0 01 8E");
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x82"), "closed error MQTT5-3.14.2-1"));
}

TEST_F(Connection5Test, SessionExpiryIsZeroUnlessAskedFor) {
  // 3.1.2.11.2
  Connect connect;
  connect.version = Version::k5;
  connect.clean_session = false;
  EXPECT_EQ(SessionExpiryOf(connect), 0u);
  connect.properties.push_back({PropertyId::kSessionExpiry, 9, {}, {}});
  EXPECT_EQ(SessionExpiryOf(connect), 9u);
  connect.version = Version::k311;
  EXPECT_EQ(SessionExpiryOf(connect), kNeverExpires);
  connect.clean_session = true;
  EXPECT_EQ(SessionExpiryOf(connect), 0u);
}

TEST_F(Connection5Test, AClientsAliasStandsForItsTopic) {
  // MQTT5-3.3.2-7, MQTT5-3.3.2-8, MQTT5-3.3.2-9, MQTT5-3.3.2-12
  Open();
  Feed("30 08 0001 't' 03 23 0002 'x'");
  Feed("30 07 0000 03 23 0002 'y'");
  Feed("30 08 0001 'u' 03 23 0002 'z'");
  Feed("30 07 0000 03 23 0002 'w'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre("PUBLISH t='t' p='x' q=0 {35=2}", "PUBLISH t='t' p='y' q=0 {35=2}",
                          "PUBLISH t='u' p='z' q=0 {35=2}", "PUBLISH t='u' p='w' q=0 {35=2}"));
  Feed("30 08 0001 't' 03 23 0003 'x'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x94"), "closed error MQTT5-3.3.2-9"));
}

TEST_F(Connection5Test, AnAliasWithoutTopicIsAnError) {
  // MQTT5-3.3.2-8
  Open();
  Feed("30 07 0000 03 23 0001 'x'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x82"), "closed error MQTT5-3.3.2-8"));
}

TEST_F(Connection5Test, TopicsToAClientGetAliasesUpToItsMaximum) {
  // MQTT5-3.1.2-26, MQTT5-3.1.2-27, MQTT5-3.3.2-10, MQTT5-3.3.2-11
  OpenWith("22 0001");
  const auto deliver = [this](std::string_view topic) {
    session_.Deliver(Message::Create(topic, "x"), Qos::kAtMostOnce, 0);
  };
  deliver("room/1");
  deliver("room/1");
  deliver("a");
  deliver("room/2");
  deliver("room/1");
  EXPECT_THAT(
      owner_.Take(),
      ElementsAre("> PUBLISH t='room/1' p='x' q=0 {35=1}", "> PUBLISH t='' p='x' q=0 {35=1}",
                  "> PUBLISH t='a' p='x' q=0", "> PUBLISH t='room/2' p='x' q=0 {35=1}",
                  "> PUBLISH t='room/1' p='x' q=0 {35=1}"));
}

TEST_F(Connection5Test, WithoutATopicAliasMaximumNoneIsSent) {
  // MQTT5-3.1.2-27
  Open();
  session_.Deliver(Message::Create("room/1", "x"), Qos::kAtMostOnce, 0);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBLISH t='room/1' p='x' q=0"));
}

TEST_F(Connection5Test, WhatIsLargerThanTheClientTakesIsNotSent) {
  // MQTT5-3.1.2-24, MQTT5-3.1.2-25
  OpenWith("27 00000028 22 0004");  // 40 bytes
  // Header 2, topic 2 + 6, property length 1: 29 bytes of payload are 40, but not with an alias.
  EXPECT_EQ(session_.Deliver(Long("room/1", 29), Qos::kAtMostOnce, 0), Delivery::kSent);
  EXPECT_EQ(session_.Deliver(Long("room/1", 30), Qos::kAtMostOnce, 0), Delivery::kDiscarded);
  EXPECT_EQ(session_.Deliver(Long("room/1", 28), Qos::kAtLeastOnce, 0), Delivery::kDiscarded);
  EXPECT_EQ(session_.Deliver(Long("room/1", 27), Qos::kAtLeastOnce, 0), Delivery::kSent);
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> PUBLISH t='room/1'"), StartsWith("> PUBLISH t='room/1'")));
}

TEST_F(Connection5Test, AnAnswerLargerThanTheClientTakesEndsTheConnection) {
  // MQTT5-3.14.2-3
  // MQTT5-3.1.2-24
  OpenWith("27 00000028");
  Feed("82 07 0001 00 0001 'a' 00");
  owner_.Take();
  connection_.Suback(PacketId{1}, std::vector<uint8_t>(50, 0));
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x95"), "closed error MQTT5-3.1.2-24"));
}

TEST_F(Connection5Test, AMessageThatExpiresSaysWhatIsLeft) {
  // MQTT5-3.3.2-5, MQTT5-3.3.2-6
  Open();
  const auto message =
      Message::Create("t", "x", {.properties = {}, .expires_at_ms = owner_.unix_ms + 10'000});
  session_.Deliver(message, Qos::kAtLeastOnce, 1);
  owner_.unix_ms += 4'500;
  session_.Deliver(message, Qos::kAtMostOnce, 1);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBLISH t='t' p='x' q=1 id=1 {2=10}",
                                         "> PUBLISH t='t' p='x' q=0 {2=6}"));
  owner_.unix_ms += 5'500;
  EXPECT_EQ(session_.Deliver(message, Qos::kAtMostOnce, 1), Delivery::kDiscarded);
}

TEST_F(Connection5Test, PropertiesReachAReceiverUnchangedAndInOrder) {
  // MQTT5-3.1.3-10
  // MQTT5-3.3.2-4, MQTT5-3.3.2-15, MQTT5-3.3.2-16, MQTT5-3.3.2-17, MQTT5-3.3.2-18, MQTT5-3.3.2-20
  Open();
  const Properties properties = {
      {PropertyId::kUserProperty, 0, "b", "2"}, {PropertyId::kPayloadFormat, 1, {}, {}},
      {PropertyId::kTopicAlias, 1, {}, {}},     {PropertyId::kMessageExpiry, 5, {}, {}},
      {PropertyId::kContentType, 0, "c", {}},   {PropertyId::kResponseTopic, 0, "r", {}},
      {PropertyId::kUserProperty, 0, "a", "1"}, {PropertyId::kCorrelationData, 0, "d", {}}};
  const std::string passed_on = PassedOn(properties);
  const auto message = Message::Create("t", "x", {.properties = passed_on, .expires_at_ms = 0});
  EXPECT_EQ(message->topic(), "t");
  EXPECT_EQ(message->payload(), "x");
  session_.Deliver(message, Qos::kAtMostOnce, 0);
  EXPECT_THAT(
      owner_.Take(),
      ElementsAre("> PUBLISH t='t' p='x' q=0 {38='b':'2' 1=1 3='c' 8='r' 38='a':'1' 9='d'}"));
}

TEST_F(Connection5Test, OlderClientsGetTheMessageWithoutProperties) {
  const std::string passed_on = PassedOn({{PropertyId::kUserProperty, 0, "b", "2"}});
  const auto ids = std::make_shared<const std::vector<uint32_t>>(std::vector<uint32_t>{7});
  Feed("10 0E 0004 'MQTT' 04 02 0000 0002 'ab'");
  connection_.Accept(session_, false, 0);
  session_.Resume();
  owner_.Take();
  session_.Deliver(Message::Create("t", "x", {.properties = passed_on, .expires_at_ms = 0}),
                   Qos::kAtMostOnce, 0, true, ids);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBLISH t='t' p='x' q=0 retain"));
}

TEST_F(Connection5Test, SubscriptionIdentifiersAreSent) {
  // MQTT5-3.3.4-3, MQTT5-3.3.4-4
  Open();
  const auto ids = std::make_shared<const std::vector<uint32_t>>(std::vector<uint32_t>{1, 200});
  session_.Deliver(Text("x"), Qos::kAtLeastOnce, 0, false, ids);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBLISH t='t' p='x' q=1 id=1 {11=1 11=200}"));
}

TEST_F(Connection5Test, AnswersHaveAReasonForEachFilter) {
  // MQTT5-2.2.1-6, MQTT5-3.8.4-1, MQTT5-3.8.4-2, MQTT5-3.8.4-7, MQTT5-3.10.4-4, MQTT5-3.10.4-5
  // MQTT5-3.10.4-6
  // MQTT5-3.8.4-6, MQTT5-3.11.3-1, MQTT5-3.9.3-1
  Open();
  Feed("82 0B 0001 00 0001 'a' 00 0001 'b' 01");
  Feed("A2 09 0002 00 0001 'a' 0001 'b'");
  owner_.Take();
  connection_.Suback(PacketId{1}, std::vector<uint8_t>{1, 0x87});
  connection_.Unsuback(PacketId{2}, std::vector<uint8_t>{0, 0x11});
  EXPECT_THAT(owner_.Take(), ElementsAre("> SUBACK id=1 1 135", "> UNSUBACK id=2 0 17"));
}

TEST_F(Connection5Test, OlderClientsHearOneKindOfFailure) {
  Feed("10 0E 0004 'MQTT' 04 02 0000 0002 'ab' 82 06 0001 0001 'a' 00");
  connection_.Accept(session_, false, 0);
  connection_.Proceed();
  owner_.Take();
  connection_.Suback(PacketId{1}, std::vector<uint8_t>{0x97});
  EXPECT_THAT(owner_.Take(), ElementsAre("> SUBACK id=1 128"));
}

TEST_F(Connection5Test, ARequestIsRefusedByItsAcknowledgement) {
  // MQTT5-2.2.1-5, MQTT5-3.3.4-1
  // MQTT5-3.4.2-1, MQTT5-3.5.2-1, O4
  Open();
  Feed("32 07 0001 't' 0001 00 'x' 34 07 0001 't' 0002 00 'y'");
  owner_.Take();
  session_.AckInbound(owner_.handles[0], Reason::kNotAuthorized);
  session_.AckInbound(owner_.handles[1], Reason::kImplementationSpecificError);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBACK id=1 r=0x87", "> PUBREC id=2 r=0x83"));
}

TEST_F(Connection5Test, AClientThatSendsMoreThanTheReceiveMaximumIsTold) {
  // MQTT5-3.3.4-7, 4.9
  session_limits_.receive_maximum = 1;
  Open();
  Feed("34 07 0001 't' 0001 00 'x'");
  session_.AckInbound(owner_.handles[0]);
  owner_.Take();
  Feed("32 07 0001 't' 0002 00 'y'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre(StartsWith("> DISCONNECT r=0x93"), "closed error MQTT5-3.3.4-7"));
}

}  // namespace
}  // namespace chat::mqtt
