#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/mqtt/session.h"
#include "libs/mqtt/session_testing.h"

// What 5.0 changes in a session: windows of the client, negative acknowledgements, expiry.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::RecordingLink;
using testing_support::Request;
using testing_support::Text;
using What = Session::Inbound::What;

constexpr Qos kQos1 = Qos::kAtLeastOnce;
constexpr Qos kQos2 = Qos::kExactlyOnce;

class Session5Test : public testing::Test {
 protected:
  void Attach(uint16_t window) {
    session_.Attach(link_, {.version = Version::k5, .window = window});
  }
  void Start(uint16_t window = 65535) {
    Attach(window);
    session_.Resume();
  }

  SessionLimits limits_{.window = 3,
                        .ahead = 2,
                        .queue_messages = 10,
                        .queue_bytes = 1000,
                        .max_executing = 8,
                        .receive_maximum = 2};
  RecordingLink link_;
  Session session_{limits_};
};

TEST_F(Session5Test, TheClientsReceiveMaximumIsKept) {
  // MQTT5-3.3.4-10, MQTT5-4.9.0-3
  // MQTT5-3.3.4-9, MQTT5-4.9.0-1, MQTT5-4.9.0-2, the Receive Maximum of CONNECT
  Start(1);
  session_.Deliver(Text("a"), kQos2, 1);
  session_.Deliver(Text("b"), kQos1, 2);
  EXPECT_EQ(session_.Deliver(Text("c"), Qos::kAtMostOnce, 0), Delivery::kSent);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=2 id=1", "PUBLISH c q=0"));
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 1")) << "PUBREC gives no room";
  EXPECT_FALSE(session_.OnPubcomp(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "PUBLISH b q=1 id=2"));
}

TEST_F(Session5Test, WhatComesFirstWaitsForTheClientsWindowAndNotForTheQueue) {
  Attach(1);
  session_.Deliver(Text("backlog"), kQos1, 9);
  EXPECT_EQ(session_.DeliverFirst(Text("a"), kQos2, 1), Delivery::kSent);
  EXPECT_EQ(session_.DeliverFirst(Text("b"), kQos1, 2), Delivery::kQueued);
  EXPECT_EQ(session_.DeliverFirst(Text("c"), kQos1, 3), Delivery::kQueued);
  session_.Resume();
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=2 id=1"));
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}));
  EXPECT_FALSE(session_.OnPubcomp(PacketId{1}));
  EXPECT_FALSE(session_.OnPuback(PacketId{2}));
  EXPECT_FALSE(session_.OnPuback(PacketId{3}));
  EXPECT_THAT(link_.Take(),
              ElementsAre("PUBREL 1", "acked 1", "PUBLISH b q=1 id=2", "acked 2",
                          "PUBLISH c q=1 id=3", "acked 3", "PUBLISH backlog q=1 id=4"));
}

TEST_F(Session5Test, RepetitionsKeepToTheWindowOfTheNewConnection) {
  // MQTT5-3.3.1-1
  // MQTT5-4.4.0-1, MQTT5-4.9.0-2
  Start();
  for (Token token = 1; token <= 3; ++token) session_.Deliver(Text("m"), kQos1, token);
  session_.Detach();
  link_.Take();
  Start(1);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH m q=1 id=1 dup"));
  session_.Deliver(Text("new"), kQos1, 4);
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_FALSE(session_.OnPuback(PacketId{2}));
  EXPECT_FALSE(session_.OnPuback(PacketId{3}));
  EXPECT_THAT(link_.Take(),
              ElementsAre("acked 1", "PUBLISH m q=1 id=2 dup", "acked 2", "PUBLISH m q=1 id=3 dup",
                          "acked 3", "PUBLISH new q=1 id=4"));
}

TEST_F(Session5Test, ARefusedDeliveryIsOver) {
  // MQTT5-4.4.0-2, MQTT5-4.3.3-4
  Start();
  session_.Deliver(Text("a"), kQos2, 1);
  link_.Take();
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}, Reason::kQuotaExceeded));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1"));
  EXPECT_TRUE(session_.idle());
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}, Reason::kQuotaExceeded));
  EXPECT_THAT(link_.Take(), IsEmpty()) << "and gets no PUBREL";
}

TEST_F(Session5Test, UnknownIdsAreNamed) {
  // MQTT5-3.6.2-1, MQTT5-3.7.2-1
  // 3.6.2.1 and 3.7.2.1 of 5.0: PUBREL and PUBCOMP with 0x92
  Start();
  EXPECT_FALSE(session_.OnPubrec(PacketId{9}));
  EXPECT_FALSE(session_.OnPubrel(PacketId{9}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 9 92", "PUBCOMP 9 92"));
}

TEST_F(Session5Test, ARequestIsRefusedInItsAcknowledgementInOrder) {
  // O4; MQTT5-4.6.0-2, MQTT5-4.6.0-3
  Start();
  const auto first = session_.OnPublish(Request(kQos1, 1));
  const auto second = session_.OnPublish(Request(kQos2, 2));
  session_.AckInbound(second.handle, Reason::kQuotaExceeded);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.AckInbound(first.handle, Reason::kImplementationSpecificError);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 1 83", "PUBREC 2 97"));
  EXPECT_TRUE(session_.attached()) << "5.0 needs no closed connection to say so";
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 2)).what, What::kExecute)
      << "MQTT5-4.3.3-9: a refused id is free";
}

TEST_F(Session5Test, MoreThanTheReceiveMaximumIsAnError) {
  // MQTT5-3.3.4-7, MQTT5-3.3.4-8
  Start();
  const auto first = session_.OnPublish(Request(kQos2, 1));
  session_.AckInbound(first.handle);
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 1, true)).what, What::kDuplicate)
      << "a repetition is counted once";
  session_.OnPublish(Request(kQos1, 2));
  EXPECT_EQ(session_.OnPublish(Request(Qos::kAtMostOnce, 0)).what, What::kExecute);
  const auto third = session_.OnPublish(Request(kQos1, 3));
  EXPECT_EQ(third.what, What::kError);
  EXPECT_EQ(third.error.reason, Reason::kReceiveMaximumExceeded);
  EXPECT_FALSE(session_.OnPubrel(PacketId{1}));
  EXPECT_EQ(session_.OnPublish(Request(kQos1, 3)).what, What::kExecute);
}

TEST_F(Session5Test, WhatMayNotBeSentCountsAsDelivered) {
  // MQTT5-4.3.3-7
  // MQTT5-3.3.2-5, MQTT5-3.1.2-25
  link_.unsendable = {"late"};
  Start(1);
  EXPECT_EQ(session_.Deliver(Text("late"), kQos1, 1), Delivery::kDiscarded);
  EXPECT_EQ(session_.Deliver(Text("late"), Qos::kAtMostOnce, 1), Delivery::kDiscarded);
  EXPECT_EQ(session_.DeliverFirst(Text("late"), kQos1, 1), Delivery::kDiscarded);
  link_.unsendable = {};
  session_.Deliver(Text("a"), kQos1, 2);
  session_.Deliver(Text("late"), kQos1, 3);
  session_.Deliver(Text("b"), kQos1, 4);
  link_.Take();
  link_.unsendable = {"late"};
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 2", "acked 3", "PUBLISH b q=1 id=2"));
}

TEST_F(Session5Test, ARepetitionThatNoLongerFitsCountsAsDelivered) {
  // MQTT5-3.1.2-24
  Start();
  session_.Deliver(Text("large"), kQos2, 1);
  session_.Deliver(Text("b"), kQos1, 2);
  session_.Detach();
  link_.Take();
  link_.unsendable = {"large"};
  Start();
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "PUBLISH b q=1 id=2 dup"));
}

TEST_F(Session5Test, SubscriptionIdentifiersStayWithTheirMessage) {
  // MQTT5-3.3.4-3, MQTT5-3.3.4-4
  const auto ids = std::make_shared<const std::vector<uint32_t>>(std::vector<uint32_t>{7, 8});
  Start(1);
  session_.Deliver(Text("a"), kQos1, 1, false, ids);
  session_.Deliver(Text("b"), kQos2, 2, true, ids);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=1 id=1 sub=7 sub=8"));
  session_.Detach();
  Start(1);
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=1 id=1 dup sub=7 sub=8", "acked 1",
                                        "PUBLISH b q=2 id=2 retain sub=7 sub=8"));
  EXPECT_EQ(session_.Snapshot().outbound[0].subscriptions, ids);
}

}  // namespace
}  // namespace chat::mqtt
