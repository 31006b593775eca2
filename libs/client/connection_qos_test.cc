#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/client/connection.h"
#include "libs/client/failure.h"
#include "libs/client/recording_handler.h"

namespace chat::client {
namespace {

using mqtt::PacketType;
using mqtt::Qos;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConnectionQosTest : public ::testing::Test {
 protected:
  void Open(bool session_present = false) {
    handler_.Restart();
    ASSERT_TRUE(connection_.Connect({.client_id = "emqttd_1", .clean_session = false}, 0).ok());
    connection_.OnBytes(ServerConnack(session_present), 0);
  }
  void OpenFresh() {
    Open();
    handler_.Take();
  }
  void Arrive(std::string_view payload, int id, Qos qos, bool dup = false) {
    connection_.OnBytes(ServerPublish("t", payload, id, qos, dup), 0);
  }
  void Ack(PacketType type, int id) { connection_.OnBytes(ServerAck(type, id), 0); }

  ConnectionLimits limits_{.max_in_flight = 2, .max_pending = 3};
  RecordingHandler handler_;
  Connection connection_{limits_, handler_};
};

TEST_F(ConnectionQosTest, NothingIsAcknowledgedBeforeTheUserHasIt) {
  OpenFresh();
  Arrive("a", 7, Qos::kAtLeastOnce);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=a"));
  connection_.Acknowledge(handler_.tickets()[0], 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBACK 7"));
  connection_.Acknowledge(handler_.tickets()[0], 0);
  EXPECT_THAT(handler_.Take(), IsEmpty());
}

TEST_F(ConnectionQosTest, QosZeroHasNothingToAcknowledge) {
  OpenFresh();
  Arrive("a", 0, Qos::kAtMostOnce);
  EXPECT_THAT(handler_.tickets(), ElementsAre(kNoTicket));
  connection_.Acknowledge(kNoTicket, 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=a"));
}

TEST_F(ConnectionQosTest, AcknowledgementsLeaveInOrderOfArrival) {
  OpenFresh();
  Arrive("a", 7, Qos::kAtLeastOnce);
  Arrive("b", 8, Qos::kExactlyOnce);
  Arrive("c", 9, Qos::kAtLeastOnce);
  handler_.Take();
  connection_.Acknowledge(handler_.tickets()[2], 0);
  connection_.Acknowledge(handler_.tickets()[1], 0);
  EXPECT_THAT(handler_.Take(), IsEmpty());
  connection_.Acknowledge(handler_.tickets()[0], 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBACK 7", "send PUBREC 8", "send PUBACK 9"));
}

TEST_F(ConnectionQosTest, QosTwoIsHandedOutOnceUntilItIsReleased) {
  OpenFresh();
  Arrive("a", 7, Qos::kExactlyOnce);
  connection_.Acknowledge(handler_.tickets()[0], 0);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=a", "send PUBREC 7"));
  Arrive("a", 7, Qos::kExactlyOnce, true);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBREC 7"));
  Ack(PacketType::kPubrel, 7);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBCOMP 7"));
  EXPECT_EQ(connection_.unreleased(), 0u);
  Arrive("b", 7, Qos::kExactlyOnce);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=b"));
}

TEST_F(ConnectionQosTest, WhatTheUserDidNotTakeComesAgainAfterAReconnect) {
  OpenFresh();
  Arrive("a", 7, Qos::kExactlyOnce);
  connection_.OnNetworkLost("gone");
  Open(true);
  handler_.Take();
  connection_.Acknowledge(handler_.tickets()[0], 0);
  EXPECT_THAT(handler_.Take(), IsEmpty()) << "the ticket is of an earlier connection";
  Arrive("a", 7, Qos::kExactlyOnce, true);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=a again"));
}

TEST_F(ConnectionQosTest, WhatTheUserTookIsNotHandedOutAgainAfterAReconnect) {
  OpenFresh();
  Arrive("a", 7, Qos::kExactlyOnce);
  connection_.Acknowledge(handler_.tickets()[0], 0);
  connection_.OnNetworkLost("gone");
  Open(true);
  handler_.Take();
  Arrive("a", 7, Qos::kExactlyOnce, true);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBREC 7"));
}

TEST_F(ConnectionQosTest, WithoutAStoredSessionOldIdsAreForgotten) {
  OpenFresh();
  Arrive("a", 7, Qos::kExactlyOnce);
  connection_.Acknowledge(handler_.tickets()[0], 0);
  connection_.OnNetworkLost("gone");
  OpenFresh();
  Arrive("b", 7, Qos::kExactlyOnce);
  EXPECT_THAT(handler_.Take(), ElementsAre("publish t=b"));
}

TEST_F(ConnectionQosTest, MoreUnacknowledgedMessagesThanTheBoundEndTheConnection) {
  OpenFresh();
  for (int id = 1; id <= 4; ++id) Arrive("a", id, Qos::kAtLeastOnce);
  EXPECT_EQ(connection_.state(), Connection::State::kClosed);
  EXPECT_EQ(FailureOf(handler_.ended()), Failure::kProtocol);
}

TEST_F(ConnectionQosTest, APublicationIsDoneAtPuback) {
  OpenFresh();
  const auto id = connection_.Publish({.topic = "events/1//api/anon//", .payload = "x"}, 0);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(*id, mqtt::PacketId{1});
  EXPECT_EQ(connection_.in_flight(), 1u);
  Ack(PacketType::kPuback, 2);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBLISH 1"));
  Ack(PacketType::kPuback, 1);
  EXPECT_THAT(handler_.Take(), ElementsAre("acknowledged 1"));
  EXPECT_EQ(connection_.in_flight(), 0u);
}

TEST_F(ConnectionQosTest, AQosTwoPublicationIsDoneAtPubcomp) {
  OpenFresh();
  ASSERT_TRUE(connection_.Publish({.topic = "t", .qos = Qos::kExactlyOnce}, 0).ok());
  Ack(PacketType::kPubcomp, 1);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBLISH 1"));
  Ack(PacketType::kPubrec, 1);
  Ack(PacketType::kPubcomp, 1);
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBREL 1", "acknowledged 1"));
}

TEST_F(ConnectionQosTest, PubrelIsRepeatedInAStoredSession) {
  OpenFresh();
  ASSERT_TRUE(connection_.Publish({.topic = "t", .qos = Qos::kExactlyOnce}, 0).ok());
  Ack(PacketType::kPubrec, 1);
  connection_.OnNetworkLost("gone");
  handler_.Take();
  Open(true);
  EXPECT_THAT(handler_.Take(), ElementsAre("send CONNECT emqttd_1", "send PUBREL 1",
                                           "connected to a stored session"));
}

TEST_F(ConnectionQosTest, AnUnacknowledgedPublicationIsRepeatedWithDupAndItsId) {
  OpenFresh();
  ASSERT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
  const auto id = connection_.Publish({.topic = "t"}, 0);
  ASSERT_TRUE(id.ok());
  connection_.OnNetworkLost("gone");
  Open(true);
  handler_.Take();
  ASSERT_TRUE(connection_.Publish({.topic = "t", .again = *id}, 0).ok());
  EXPECT_THAT(handler_.Take(), ElementsAre("send PUBLISH 2 again"));
}

TEST_F(ConnectionQosTest, APublicationBeyondTheBoundIsRefused) {
  OpenFresh();
  ASSERT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
  ASSERT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(connection_.Publish({.topic = "t"}, 0).status()));
  Ack(PacketType::kPuback, 1);
  EXPECT_TRUE(connection_.Publish({.topic = "t"}, 0).ok());
}

TEST_F(ConnectionQosTest, AWildcardIsNoTopicToPublishTo) {
  OpenFresh();
  EXPECT_TRUE(absl::IsInvalidArgument(connection_.Publish({.topic = "ses/#"}, 0).status()));
  EXPECT_THAT(handler_.Take(), IsEmpty());
}

}  // namespace
}  // namespace chat::client
