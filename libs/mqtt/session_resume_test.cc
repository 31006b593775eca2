#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/mqtt/session.h"
#include "libs/mqtt/session_testing.h"

// Reconnection and hand-over of a stored session.
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

class SessionResumeTest : public testing::Test {
 protected:
  void Start(Session& session) {
    session.Attach(link_);
    session.Resume();
  }
  // a (QoS 1, id 1), b (QoS 2, id 2), c (QoS 2, id 3), d (QoS 1, id 4) sent; PUBREC for c, then b.
  void SendFour() {
    Start(session_);
    session_.Deliver(Text("a"), kQos1, 1);
    session_.Deliver(Text("b"), kQos2, 2, true);
    session_.Deliver(Text("c"), kQos2, 3);
    session_.Deliver(Text("d"), kQos1, 4);
    EXPECT_FALSE(session_.OnPubrec(PacketId{3}));
    EXPECT_FALSE(session_.OnPubrec(PacketId{2}));
    link_.Take();
  }

  SessionLimits limits_{.window = 4, .ahead = 2, .queue_messages = 10};
  RecordingLink link_;
  Session session_{limits_};
};

TEST_F(SessionResumeTest, WhatIsUnacknowledgedIsSentAgainInOrder) {
  // MQTT-2.3.1-3, MQTT5-4.3.3-6, MQTT5-4.6.0-4
  // MQTT-4.4.0-1, MQTT-4.6.0-1, MQTT-4.6.0-4, MQTT-3.3.1-1
  SendFour();
  session_.Detach();
  session_.Attach(link_);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.Resume();
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 3", "PUBREL 2", "PUBLISH a q=1 id=1 dup",
                                        "PUBLISH d q=1 id=4 dup"));
  session_.Resume();
  EXPECT_THAT(link_.Take(), IsEmpty()) << "once per connection";
  EXPECT_FALSE(session_.OnPubcomp(PacketId{2}));
  EXPECT_FALSE(session_.OnPuback(PacketId{4}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 2", "acked 4"));
}

TEST_F(SessionResumeTest, NothingIsSentAgainWithoutAReconnection) {
  SendFour();
  session_.Resume();
  EXPECT_THAT(link_.Take(), IsEmpty());
}

TEST_F(SessionResumeTest, WhatCameMeanwhileFollowsWhatIsSentAgain) {
  SendFour();
  session_.Detach();
  EXPECT_EQ(session_.Deliver(Text("e"), kQos1, 5), Delivery::kQueued);
  session_.Attach(link_);
  EXPECT_EQ(session_.Deliver(Text("f"), kQos1, 6), Delivery::kQueued) << "live, before Resume";
  EXPECT_FALSE(session_.OnPuback(PacketId{1}));
  EXPECT_THAT(link_.Take(), ElementsAre("acked 1")) << "the queue stands still before Resume";
  session_.Resume();
  EXPECT_THAT(link_.Take(),
              ElementsAre("PUBREL 3", "PUBREL 2", "PUBLISH d q=1 id=4 dup", "PUBLISH e q=1 id=5"));
}

TEST_F(SessionResumeTest, DeliverFirstPrecedesTheBacklogEvenBeyondTheWindow) {
  SendFour();
  session_.Deliver(Text("e"), kQos1, 5);
  session_.Detach();
  EXPECT_EQ(session_.DeliverFirst(Text("x"), kQos2, 90), Delivery::kDropped);
  session_.Attach(link_);
  EXPECT_EQ(session_.DeliverFirst(Text("x"), kQos2, 91), Delivery::kSent);
  EXPECT_EQ(session_.DeliverFirst(Text("y"), kQos1, 92), Delivery::kSent);
  EXPECT_EQ(session_.DeliverFirst(Text("z"), kQos1, 93), Delivery::kFull);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH x q=2 id=5", "PUBLISH y q=1 id=6"));
  EXPECT_FALSE(session_.OnPubrec(PacketId{5}));
  link_.Take();
  session_.Resume();
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 3", "PUBREL 2", "PUBLISH a q=1 id=1 dup",
                                        "PUBLISH d q=1 id=4 dup"))
      << "neither x nor y again, and no room for e";
}

TEST_F(SessionResumeTest, ASnapshotGoesOnElsewhere) {
  SendFour();
  session_.AckInbound(session_.OnPublish(Request(kQos2, 50)).handle);
  session_.OnPublish(Request(kQos2, 51));
  const SessionSnapshot snapshot = session_.Snapshot();
  session_.Detach();
  link_.Take();

  Session other(limits_);
  other.Restore(snapshot);
  EXPECT_EQ(other.in_flight(), 4u);
  Start(other);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 3", "PUBREL 2", "PUBLISH a q=1 id=1 dup",
                                        "PUBLISH d q=1 id=4 dup"));
  EXPECT_EQ(other.OnPublish(Request(kQos2, 50, true)).what, What::kDuplicate);
  EXPECT_EQ(other.OnPublish(Request(kQos2, 51, true)).what, What::kExecute)
      << "its execution did not end before the hand-over";
  EXPECT_FALSE(other.OnPuback(PacketId{1}));
  other.Deliver(Text("e"), kQos1, 5);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 50", "acked 1", "PUBLISH e q=1 id=5"));
}

TEST_F(SessionResumeTest, RestoredMessagesWithoutBodyAreLeftToTheirOwner) {
  SendFour();
  SessionSnapshot snapshot = session_.Snapshot();
  for (auto& entry : snapshot.outbound) {
    if (entry.id == PacketId{1}) entry.message = nullptr;
  }
  Session other(limits_);
  other.Restore(snapshot);
  Start(other);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREL 3", "PUBREL 2", "PUBLISH d q=1 id=4 dup"));
}

TEST_F(SessionResumeTest, ANonsensicalSnapshotDoesNoHarm) {
  SessionSnapshot snapshot;
  snapshot.next_id = kNoPacketId;
  snapshot.outbound = {
      {.id = kNoPacketId, .token = 1, .message = Text("a")},
      {.id = PacketId{1}, .token = 2, .message = Text("b")},
      {.id = PacketId{1}, .token = 3, .message = Text("c")},
      {.id = PacketId{2}, .token = 4, .qos = Qos::kAtMostOnce, .message = Text("d")}};
  snapshot.inbound = {kNoPacketId};
  Session other(limits_);
  other.Restore(snapshot);
  Start(other);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH b q=1 id=1 dup"));
  other.Deliver(Text("e"), kQos1, 5);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBLISH e q=1 id=2"));
  EXPECT_EQ(other.unreleased(), 0u);
}

}  // namespace
}  // namespace chat::mqtt
