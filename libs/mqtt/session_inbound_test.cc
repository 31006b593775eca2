#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/mqtt/session.h"
#include "libs/mqtt/session_testing.h"

// Inbound: execution, acknowledgements in order, exactly once.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::RecordingLink;
using testing_support::Request;
using What = Session::Inbound::What;

constexpr Qos kQos0 = Qos::kAtMostOnce;
constexpr Qos kQos1 = Qos::kAtLeastOnce;
constexpr Qos kQos2 = Qos::kExactlyOnce;

class SessionInboundTest : public testing::Test {
 protected:
  SessionInboundTest() { session_.Attach(link_); }

  void Reconnect() {
    session_.Detach();
    session_.Attach(link_);
  }
  // Hands over a request that is to be executed.
  InboundHandle Execute(Qos qos, uint16_t id) {
    const auto inbound = session_.OnPublish(Request(qos, id));
    EXPECT_EQ(inbound.what, What::kExecute) << id;
    return inbound.handle;
  }

  SessionLimits limits_{.max_executing = 3, .receive_maximum = 4};
  RecordingLink link_;
  Session session_{limits_};
};

TEST_F(SessionInboundTest, Qos0NeedsNoAcknowledgement) {
  EXPECT_EQ(Execute(kQos0, 0), kNoHandle);
  session_.AckInbound(kNoHandle);
  EXPECT_THAT(link_.Take(), IsEmpty());
  EXPECT_TRUE(session_.idle());
}

TEST_F(SessionInboundTest, Qos1IsAcknowledgedAfterItsExecution) {
  // MQTT-3.3.4-1, MQTT5-4.3.2-4, MQTT5-4.3.2-5
  // MQTT-4.3.2-2
  const InboundHandle handle = Execute(kQos1, 5);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.AckInbound(handle);
  session_.AckInbound(handle);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 5"));
  EXPECT_EQ(Execute(kQos1, 5), InboundHandle{2}) << "the id is new again";
}

TEST_F(SessionInboundTest, AcknowledgementsLeaveInOrderOfArrival) {
  // MQTT5-4.6.0-2, MQTT5-4.6.0-3
  // MQTT-4.6.0-2, MQTT-4.6.0-3, O5
  const InboundHandle first = Execute(kQos1, 11);
  const InboundHandle second = Execute(kQos2, 12);
  const InboundHandle third = Execute(kQos1, 13);
  session_.AckInbound(third);
  session_.AckInbound(second);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.AckInbound(first);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 11", "PUBREC 12", "PUBACK 13", "receptive"));
}

TEST_F(SessionInboundTest, ARefusedRequestThatWasJudgedIsAcknowledgedAll) {
  // MQTT-3.3.5-2
  // 3.x has no negative acknowledgement.
  const InboundHandle handle = Execute(kQos1, 1);
  session_.AckInbound(handle, Reason::kNotAuthorized);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 1 87")) << "the link leaves the reason out";
}

TEST_F(SessionInboundTest, AWithheldAcknowledgementEndsTheConnectionAfterThoseBefore) {
  // O4: closed without acknowledging that packet or any after it
  const InboundHandle first = Execute(kQos1, 1);
  const InboundHandle second = Execute(kQos1, 2);
  const InboundHandle third = Execute(kQos2, 3);
  session_.AckInbound(third);
  session_.AckInbound(second, Reason::kImplementationSpecificError);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.AckInbound(first);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 1", "withheld"));
  session_.AckInbound(third);
  EXPECT_THAT(link_.Take(), IsEmpty());
  Reconnect();
  EXPECT_EQ(session_.OnPublish(Request(kQos1, 2, true)).what, What::kExecute);
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 3, true)).what, What::kDuplicate)
      << "3 was executed, only not acknowledged";
}

TEST_F(SessionInboundTest, AWithheldQos2RequestIsExecutedAgain) {
  session_.AckInbound(Execute(kQos2, 3), Reason::kImplementationSpecificError);
  EXPECT_THAT(link_.Take(), ElementsAre("withheld"));
  Reconnect();
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 3, true)).what, What::kExecute);
}

TEST_F(SessionInboundTest, Qos2IsHandedOverOnce) {
  // MQTT-2.3.1-6, MQTT5-4.3.3-8, MQTT5-4.3.3-10, MQTT5-4.3.3-11, MQTT5-4.3.3-12
  // MQTT-4.3.3-2
  const InboundHandle handle = Execute(kQos2, 5);
  session_.AckInbound(handle);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 5"));
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5, true)).what, What::kDuplicate);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 5"));
  EXPECT_EQ(session_.unreleased(), 1u);
  EXPECT_FALSE(session_.OnPubrel(PacketId{5}));
  EXPECT_FALSE(session_.OnPubrel(PacketId{5}));
  EXPECT_THAT(link_.Take(), ElementsAre("PUBCOMP 5", "PUBCOMP 5 92"));
  EXPECT_TRUE(session_.idle());
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5)).what, What::kExecute) << "a new message";
}

TEST_F(SessionInboundTest, ADuplicateOfARequestInExecutionWaitsForIt) {
  const InboundHandle handle = Execute(kQos2, 5);
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5, true)).what, What::kDuplicate);
  EXPECT_THAT(link_.Take(), IsEmpty());
  session_.AckInbound(handle);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 5", "PUBREC 5"));
}

TEST_F(SessionInboundTest, ExecutionThatOutlivesItsConnectionIsNotRepeated) {
  // MQTT-4.3.3-2
  const InboundHandle handle = Execute(kQos2, 5);
  Reconnect();
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5, true)).what, What::kDuplicate);
  session_.AckInbound(handle);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 5"));
}

TEST_F(SessionInboundTest, ExecutionMayEndWhileDetached) {
  const InboundHandle executed = Execute(kQos2, 5);
  const InboundHandle withheld = Execute(kQos2, 6);
  session_.Detach();
  session_.AckInbound(executed);
  session_.AckInbound(withheld, Reason::kImplementationSpecificError);
  session_.Attach(link_);
  EXPECT_THAT(link_.Take(), IsEmpty());
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5, true)).what, What::kDuplicate);
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 6, true)).what, What::kExecute);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBREC 5"));
}

TEST_F(SessionInboundTest, Qos1OfAnEarlierConnectionIsNotAcknowledgedOnThisOne) {
  const InboundHandle handle = Execute(kQos1, 5);
  Reconnect();
  session_.AckInbound(handle);
  EXPECT_THAT(link_.Take(), IsEmpty());
  EXPECT_TRUE(session_.idle());
}

TEST_F(SessionInboundTest, APubrelBeforeItsPubrecIsAnError) {
  Execute(kQos2, 5);
  EXPECT_TRUE(session_.OnPubrel(PacketId{5}));
}

TEST_F(SessionInboundTest, ExecutionIsBoundedAndItsEndIsTold) {
  const InboundHandle first = Execute(kQos1, 1);
  Execute(kQos1, 2);
  Execute(kQos1, 3);
  EXPECT_FALSE(session_.receptive());
  EXPECT_EQ(session_.OnPublish(Request(kQos1, 4)).what, What::kError);
  EXPECT_EQ(session_.OnPublish(Request(kQos0, 0)).what, What::kExecute);
  session_.AckInbound(first);
  EXPECT_THAT(link_.Take(), ElementsAre("PUBACK 1", "receptive"));
  EXPECT_TRUE(session_.receptive());
}

TEST_F(SessionInboundTest, UnreleasedIdsAreBounded) {
  for (uint16_t id = 1; id <= 4; ++id) session_.AckInbound(Execute(kQos2, id));
  const auto inbound = session_.OnPublish(Request(kQos2, 5));
  EXPECT_EQ(inbound.what, What::kError);
  EXPECT_EQ(inbound.error.reason, Reason::kReceiveMaximumExceeded);
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 4, true)).what, What::kDuplicate);
  EXPECT_FALSE(session_.OnPubrel(PacketId{1}));
  EXPECT_EQ(session_.OnPublish(Request(kQos2, 5)).what, What::kExecute);
}

}  // namespace
}  // namespace chat::mqtt
