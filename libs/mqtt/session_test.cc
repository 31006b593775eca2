#include "libs/mqtt/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/mqtt/session_testing.h"

// Outbound: window, queue, acknowledgements.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::RecordingLink;
using testing_support::Text;

constexpr Qos kQos0 = Qos::kAtMostOnce;
constexpr Qos kQos1 = Qos::kAtLeastOnce;
constexpr Qos kQos2 = Qos::kExactlyOnce;

class SessionTest : public testing::Test {
 protected:
  void Start() {
    session_.Attach(link_);
    session_.Resume();
  }

  SessionLimits limits_{.window = 2, .ahead = 1, .queue_messages = 4, .queue_bytes = 100};
  RecordingLink link_;
  Session session_{limits_};
};

TEST_F(SessionTest, Qos0PassesStraightAndIsNeverAcknowledged) {
  // MQTT-2.3.1-5, MQTT-4.3.1-1, MQTT5-2.2.1-2, MQTT5-4.3.1-1
  Start();
  EXPECT_EQ(session_.Deliver(Text("a"), kQos0, 1), Delivery::kSent);
  EXPECT_EQ(session_.Deliver(Text("b"), kQos0, 2, true), Delivery::kSent);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=0", "PUBLISH b q=0 retain"));
  EXPECT_TRUE(session_.idle());
}

TEST_F(SessionTest, Qos0ToADetachedSessionIsDropped) {
  EXPECT_EQ(session_.Deliver(Text("a"), kQos0, 1), Delivery::kDropped);
  Start();
  EXPECT_THAT(link_.Take(), IsEmpty());
}

TEST_F(SessionTest, WhatALostConnectionMayHaveSentGoesOutWithDup) {
  // MQTT-3.3.1-1
  // MQTT-3.3.1-2
  Start();
  const auto deliver_again = [&](const char* text, Qos qos) {
    session_.Deliver(Text(text), qos, 1, false, nullptr, true);
  };
  deliver_again("a", kQos0);
  deliver_again("b", kQos1);
  deliver_again("c", kQos2);
  deliver_again("d", kQos1);
  EXPECT_THAT(link_.Take(),
              ElementsAre("PUBLISH a q=0", "PUBLISH b q=1 id=1 dup", "PUBLISH c q=2 id=2 dup"));
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "PUBLISH d q=1 id=3 dup"));
}

TEST_F(SessionTest, Qos1IsAcknowledgedOnceByPuback) {
  // MQTT-2.3.1-4, MQTT5-4.3.2-2, MQTT5-4.3.2-3
  // MQTT-4.3.2-1
  Start();
  EXPECT_EQ(session_.Deliver(Text("a"), kQos1, 7), Delivery::kSent);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=1 id=1"));
  EXPECT_EQ(session_.in_flight(), 1u);
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 7"));
  EXPECT_TRUE(session_.idle());
}

TEST_F(SessionTest, Qos2IsAcknowledgedOnceByPubcomp) {
  // MQTT5-4.3.3-2, MQTT5-4.3.3-3, MQTT5-4.3.3-5
  // MQTT-4.3.3-1
  Start();
  session_.Deliver(Text("a"), kQos2, 7);
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}));
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=2 id=1", "PUBREL 1", "PUBREL 1"));
  EXPECT_EQ(session_.in_flight(), 1u);
  EXPECT_FALSE(session_.OnPubcomp(PacketId{1}));
  EXPECT_FALSE(session_.OnPubcomp(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 7"));
  EXPECT_TRUE(session_.idle());
}

TEST_F(SessionTest, AnAcknowledgementOfTheOtherQosIsAnError) {
  // MQTT-4.8.0-1
  Start();
  session_.Deliver(Text("a"), kQos1, 1);
  session_.Deliver(Text("b"), kQos2, 2);
  link_.Take();
  EXPECT_TRUE(session_.OnPubrec(PacketId{1}));
  EXPECT_TRUE(session_.OnPubcomp(PacketId{1}));
  EXPECT_TRUE(session_.OnPuback(PacketId{2}));
  EXPECT_TRUE(session_.OnPubcomp(PacketId{2}));
  EXPECT_THAT(link_.Take(), IsEmpty());
  EXPECT_EQ(session_.in_flight(), 2u);
}

TEST_F(SessionTest, UnknownIdsAreAnsweredSoThatTheClientCanFinish) {
  Start();
  EXPECT_FALSE(session_.OnPuback(PacketId{9}));
  EXPECT_FALSE(session_.OnPubcomp(PacketId{9}));
  EXPECT_FALSE(session_.OnPubrec(PacketId{9}));
  EXPECT_FALSE(session_.OnPubrel(PacketId{9}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 9 92", "PUBCOMP 9 92"));
}

TEST_F(SessionTest, BeyondTheWindowMessagesQueueInOrder) {
  Start();
  EXPECT_EQ(session_.Deliver(Text("a"), kQos1, 1), Delivery::kSent);
  EXPECT_EQ(session_.Deliver(Text("b"), kQos2, 2), Delivery::kSent);
  EXPECT_EQ(session_.Deliver(Text("c"), kQos1, 3), Delivery::kQueued);
  EXPECT_EQ(session_.Deliver(Text("d"), kQos1, 4, true), Delivery::kQueued);
  EXPECT_EQ(session_.Deliver(Text("e"), kQos0, 5), Delivery::kSent) << "QoS 0 never waits";
  EXPECT_EQ(session_.queued(), 2u);
  link_.Take();
  EXPECT_FALSE(session_.OnPubrec(PacketId{2}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 2")) << "PUBREC leaves no room in the window";
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "PUBLISH c q=1 id=3"));
  EXPECT_FALSE(session_.OnPubcomp(PacketId{2}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 2", "PUBLISH d q=1 id=4 retain"));
}

TEST_F(SessionTest, TheClientsWindowLowersTheOwn) {
  session_.Attach(link_, {.version = Version::k5, .window = 1});
  session_.Resume();
  EXPECT_EQ(session_.Deliver(Text("a"), kQos1, 1), Delivery::kSent);
  EXPECT_EQ(session_.Deliver(Text("b"), kQos1, 2), Delivery::kQueued);
}

TEST_F(SessionTest, AFullQueueRefusesUntilItIsHalfEmpty) {
  Start();
  for (Token token = 1; token <= 6; ++token) session_.Deliver(Text("m"), kQos1, token);
  EXPECT_EQ(session_.queued(), 4u);
  EXPECT_EQ(session_.Deliver(Text("m"), kQos1, 7), Delivery::kFull);
  link_.Take();
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "PUBLISH m q=1 id=3"));
  EXPECT_EQ(session_.Deliver(Text("m"), kQos1, 8), Delivery::kFull)
      << "8 must not overtake 7, which is still to be read again";
  EXPECT_FALSE(session_.OnPuback(PacketId{2}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 2", "PUBLISH m q=1 id=4", "drained"));
  EXPECT_EQ(session_.Deliver(Text("m"), kQos1, 7), Delivery::kQueued);
}

TEST_F(SessionTest, TheQueueIsBoundedInBytes) {
  const std::string large(80, 'x');
  EXPECT_EQ(session_.Deliver(Text(large), kQos1, 1), Delivery::kQueued);
  EXPECT_EQ(session_.Deliver(Text(large), kQos1, 2), Delivery::kFull);
  Start();
  link_.Take();
  EXPECT_EQ(session_.Deliver(Text("x"), kQos1, 2), Delivery::kSent) << "drained by Resume";
}

TEST_F(SessionTest, AMessageBeyondTheByteBoundPassesAnEmptyQueue) {
  EXPECT_EQ(session_.Deliver(Text(std::string(500, 'x')), kQos1, 1), Delivery::kQueued);
}

TEST_F(SessionTest, WithoutAQueueTheWindowDrains) {
  const SessionLimits limits{.window = 1, .ahead = 0, .queue_messages = 0};
  Session session(limits);
  session.Attach(link_);
  session.Resume();
  EXPECT_EQ(session.Deliver(Text("a"), kQos1, 1), Delivery::kSent);
  EXPECT_EQ(session.Deliver(Text("b"), kQos1, 2), Delivery::kFull);
  link_.Take();
  EXPECT_FALSE(session.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1", "drained"));
}

TEST_F(SessionTest, PacketIdsWrapAndSkipThoseInUse) {
  // MQTT5-2.2.1-4, MQTT5-4.3.2-1, MQTT5-4.3.3-1
  // MQTT-2.3.1-2
  Session session(limits_, PacketId{65'535});
  session.Attach(link_);
  session.Resume();
  session.Deliver(Text("a"), kQos1, 1);
  session.Deliver(Text("b"), kQos1, 2);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH a q=1 id=65535", "PUBLISH b q=1 id=1"));
  for (int i = 0; i < 65'533; ++i) {  // all ids but the two in use; 1 stays in flight
    const uint16_t id = i == 0 ? 65'535 : static_cast<uint16_t>(i + 1);
    ASSERT_FALSE(session.OnPuback(PacketId{id}));
    session.Deliver(Text("c"), kQos1, 3);
  }
  link_.Take();
  ASSERT_FALSE(session.OnPuback(PacketId{65'534}));
  session.Deliver(Text("d"), kQos1, 4);
  EXPECT_THAT(link_.Take(), ElementsAre("acked 3", "PUBLISH d q=1 id=65535"));
  ASSERT_FALSE(session.OnPuback(PacketId{65'535}));
  session.Deliver(Text("e"), kQos1, 5);
  EXPECT_THAT(link_.Take(), ElementsAre("acked 4", "PUBLISH e q=1 id=2")) << "1 is in use";
}

TEST_F(SessionTest, TakeQueueEmptiesItOldestFirst) {
  session_.Deliver(Text("a"), kQos1, 1);
  session_.Deliver(Text("b"), kQos2, 2);
  const auto taken = session_.TakeQueue();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].token, 1u);
  EXPECT_EQ(taken[1].token, 2u);
  EXPECT_EQ(taken[1].qos, kQos2);
  EXPECT_EQ(taken[1].message->payload(), "b");
  EXPECT_TRUE(session_.idle());
  EXPECT_THAT(session_.TakeQueue(), IsEmpty());
}

TEST_F(SessionTest, ASessionAtRestIsSmall) {
  EXPECT_LE(sizeof(Session), 80u);
  Start();
  session_.Deliver(Text("a"), kQos2, 1);
  session_.OnPublish(testing_support::Request(kQos1, 5));
  EXPECT_FALSE(session_.idle());
  EXPECT_FALSE(session_.OnPubrec(PacketId{1}));
  EXPECT_FALSE(session_.OnPubcomp(PacketId{1}));
  session_.AckInbound(InboundHandle{1});
  EXPECT_TRUE(session_.idle()) << "nothing is left on the heap";
}

}  // namespace
}  // namespace chat::mqtt
