#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "libs/mqtt/connection.h"
#include "libs/mqtt/connection_testing.h"
#include "libs/mqtt/session_testing.h"

// Packets of an open connection: order, back-pressure, reentrancy.
namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::Bytes;
using testing_support::RecordingOwner;
using testing_support::Text;

constexpr char kConnect[] = "10 0E 0004 'MQTT' 04 00 000A 0002 'ab'";
constexpr char kConnectLine[] = "CONNECT v=4 c='ab' k=10";

class ConnectionFlowTest : public testing::Test {
 protected:
  void Feed(std::string_view description, Millis now = 0) {
    connection_.OnBytes(Bytes(description), now);
  }
  void Open() {
    Feed(kConnect);
    connection_.Accept(session_, false, 0);
    connection_.Proceed();
    session_.Resume();
    owner_.Take();
  }

  ConnectionLimits limits_{.max_packet_size = 1000, .max_held_bytes = 40, .max_unanswered = 2};
  SessionLimits session_limits_{.window = 2, .max_executing = 2};
  Session session_{session_limits_};
  RecordingOwner owner_;
  Connection connection_{limits_, owner_, 0};
};

TEST_F(ConnectionFlowTest, WhatFollowsConnectAtOnceIsHandledAfterAcceptance) {
  // MQTT-3.1.4-5 allows the client to send on before CONNACK
  Feed("10 0E 0004 'MQTT' 04 00 000A 0002 'ab' C0 00 30");
  Feed("05 0001 't' 'hi'");
  EXPECT_THAT(owner_.Take(), ElementsAre(kConnectLine));
  EXPECT_FALSE(connection_.wants_read());
  connection_.Accept(session_, false, 0);
  session_.DeliverFirst(Text("vnode_max"), Qos::kExactlyOnce, 1);
  EXPECT_THAT(owner_.Take(),
              ElementsAre("> CONNACK code=0", "> PUBLISH t='t' p='vnode_max' q=2 id=1"));
  connection_.Proceed();
  EXPECT_THAT(owner_.Take(), ElementsAre("> PINGRESP", "PUBLISH t='t' p='hi' q=0", "readable"));
  EXPECT_TRUE(connection_.wants_read());
}

TEST_F(ConnectionFlowTest, WhatFollowsARefusedConnectIsNotHandled) {
  // MQTT5-3.1.4-6
  // MQTT-3.1.4-5
  Feed("10 0E 0004 'MQTT' 04 00 000A 0002 'ab' 30 03 0001 't'");
  connection_.Refuse(ConnectCode::kNotAuthorized);
  EXPECT_THAT(owner_.Take(),
              ElementsAre(kConnectLine, "> CONNACK code=5", "closed refused MQTT-3.2.2-5"));
}

TEST_F(ConnectionFlowTest, WhatIsHeldIsBounded) {
  // MQTT-4.8.0-2
  Feed(kConnect);
  owner_.Take();
  for (int i = 0; i < 8; ++i) Feed("30 03 0001 't'");
  EXPECT_THAT(owner_.Take(), IsEmpty());
  Feed("C0");
  EXPECT_EQ(owner_.closed->error.reason, Reason::kQuotaExceeded);
}

TEST_F(ConnectionFlowTest, AnOwnerMayAcceptInsideTheCallback) {
  owner_.on_connect = [this] {
    connection_.Accept(session_, false, 0);
    connection_.Proceed();
  };
  Feed("10 0E 0004 'MQTT' 04 00 000A 0002 'ab' C0 00");
  EXPECT_THAT(owner_.Take(), ElementsAre(kConnectLine, "> CONNACK code=0", "> PINGRESP"));
}

TEST_F(ConnectionFlowTest, RequestsAreAcknowledgedInOrderOfArrival) {
  // O5, MQTT-4.6.0-2
  Open();
  Feed("32 06 0001 't' 0001 'a' 34 06 0001 't' 0002 'b'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre("PUBLISH t='t' p='a' q=1 id=1", "PUBLISH t='t' p='b' q=2 id=2"));
  session_.AckInbound(owner_.handles[1]);
  EXPECT_THAT(owner_.Take(), IsEmpty());
  session_.AckInbound(owner_.handles[0]);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBACK id=1", "> PUBREC id=2", "readable"));
  Feed("3C 06 0001 't' 0002 'b' 62 02 0002");
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBREC id=2", "> PUBCOMP id=2"));
}

TEST_F(ConnectionFlowTest, ReadingPausesAtTheBoundOfExecution) {
  Open();
  Feed("32 05 0001 't' 0001 32 05 0001 't' 0002 32 05 0001 't' 0003 C0 00");
  EXPECT_THAT(owner_.Take(),
              ElementsAre("PUBLISH t='t' p='' q=1 id=1", "PUBLISH t='t' p='' q=1 id=2"));
  EXPECT_FALSE(connection_.wants_read());
  session_.AckInbound(owner_.handles[0]);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBACK id=1", "PUBLISH t='t' p='' q=1 id=3"));
  EXPECT_FALSE(connection_.wants_read());
  session_.AckInbound(owner_.handles[1]);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBACK id=2", "> PINGRESP", "readable"));
  EXPECT_TRUE(connection_.wants_read());
}

TEST_F(ConnectionFlowTest, ExecutionInsideTheCallbackNeverPauses) {
  Open();
  owner_.on_publish = [this] { session_.AckInbound(owner_.handles.back()); };
  Feed("32 05 0001 't' 0001 32 05 0001 't' 0002 32 05 0001 't' 0003");
  EXPECT_THAT(owner_.Take(), ElementsAre("PUBLISH t='t' p='' q=1 id=1", "> PUBACK id=1",
                                         "PUBLISH t='t' p='' q=1 id=2", "> PUBACK id=2",
                                         "PUBLISH t='t' p='' q=1 id=3", "> PUBACK id=3"));
}

TEST_F(ConnectionFlowTest, AWithheldAcknowledgementCloses) {
  // O4
  Open();
  Feed("32 05 0001 't' 0001 32 05 0001 't' 0002");
  owner_.Take();
  session_.AckInbound(owner_.handles[1]);
  session_.AckInbound(owner_.handles[0], Reason::kImplementationSpecificError);
  EXPECT_THAT(owner_.Take(), ElementsAre("closed withheld "));
}

TEST_F(ConnectionFlowTest, TooManyUnreleasedIdsClose) {
  session_limits_.receive_maximum = 1;
  Open();
  owner_.on_publish = [this] { session_.AckInbound(owner_.handles.back()); };
  Feed("34 05 0001 't' 0001 34 05 0001 't' 0002");
  EXPECT_THAT(owner_.Take(), ElementsAre("PUBLISH t='t' p='' q=2 id=1", "> PUBREC id=1",
                                         "closed error MQTT5-3.3.4-7"));
}

TEST_F(ConnectionFlowTest, SubscriptionsAreAnsweredByTheOwner) {
  // MQTT-2.3.1-7, MQTT-3.9.3-1, MQTT-3.10.4-5, MQTT-3.10.4-6
  // MQTT-3.8.4-1, MQTT-3.8.4-2, MQTT-3.8.4-5, MQTT-3.10.4-4
  Open();
  Feed("82 0A 0005 0001 'a' 01 0001 'b' 02 A2 05 0006 0001 'a'");
  EXPECT_THAT(owner_.Take(),
              ElementsAre("SUBSCRIBE id=5 f='a' q=1 f='b' q=2", "UNSUBSCRIBE id=6 f='a'"));
  const uint8_t codes[] = {1, kSubackFailure};
  connection_.Suback(PacketId{5}, codes);
  connection_.Unsuback(PacketId{6}, {});
  EXPECT_THAT(owner_.Take(), ElementsAre("> SUBACK id=5 1 128", "readable", "> UNSUBACK id=6"));
}

TEST_F(ConnectionFlowTest, ReadingPausesAtUnansweredSubscriptions) {
  Open();
  Feed("82 06 0001 0001 'a' 00 82 06 0002 0001 'b' 00 82 06 0003 0001 'c' 00");
  EXPECT_THAT(owner_.Take(), ElementsAre("SUBSCRIBE id=1 f='a' q=0", "SUBSCRIBE id=2 f='b' q=0"));
  const uint8_t codes[] = {0};
  connection_.Suback(PacketId{1}, codes);
  EXPECT_THAT(owner_.Take(), ElementsAre("> SUBACK id=1 0", "SUBSCRIBE id=3 f='c' q=0"));
  EXPECT_FALSE(connection_.wants_read());
}

TEST_F(ConnectionFlowTest, OutboundMessagesAreAcknowledgedThroughTheConnection) {
  // MQTT-4.3.2-1, MQTT-4.3.3-1
  Open();
  session_.Deliver(Text("a"), Qos::kAtLeastOnce, 1);
  session_.Deliver(Text("b"), Qos::kExactlyOnce, 2);
  session_.Deliver(Text("c"), Qos::kAtLeastOnce, 3);
  Feed("40 02 0001 50 02 0002 70 02 0002");
  EXPECT_THAT(owner_.Take(),
              ElementsAre("> PUBLISH t='t' p='a' q=1 id=1", "> PUBLISH t='t' p='b' q=2 id=2",
                          "acked 1", "> PUBLISH t='t' p='c' q=1 id=3", "> PUBREL id=2", "acked 2"));
}

TEST_F(ConnectionFlowTest, AnAcknowledgementOfTheOtherQosCloses) {
  // MQTT-4.8.0-1
  Open();
  session_.Deliver(Text("a"), Qos::kExactlyOnce, 1);
  owner_.Take();
  Feed("40 02 0001");
  EXPECT_THAT(owner_.Take(), ElementsAre("closed error MQTT-4.8.0-1"));
}

TEST_F(ConnectionFlowTest, AStoredSessionGoesOnWithTheNextConnection) {
  // MQTT-4.4.0-1
  Open();
  session_.Deliver(Text("a"), Qos::kAtLeastOnce, 1);
  connection_.OnNetworkLost();
  RecordingOwner owner;
  Connection next(limits_, owner, 0);
  next.OnBytes(Bytes(kConnect), 0);
  next.Accept(session_, true, 0);
  next.Proceed();
  session_.Resume();
  EXPECT_THAT(owner.Take(), ElementsAre(kConnectLine, "> CONNACK code=0 present", "readable",
                                        "> PUBLISH t='t' p='a' q=1 id=1 dup"));
}

TEST_F(ConnectionFlowTest, ALargeTopicIsSentWhole) {
  Open();
  const std::string topic(5'000, 't');
  session_.Deliver(Message::Create(topic, "p"), Qos::kAtMostOnce, 1);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PUBLISH t='" + topic + "' p='p' q=0"));
}

TEST_F(ConnectionFlowTest, AThrottledConnectionHoldsAndGoesOn) {
  Open();
  owner_.on_publish = [this] { connection_.Throttle(true); };
  Feed("30 03 0001 't' C0 00");
  EXPECT_THAT(owner_.Take(), ElementsAre("PUBLISH t='t' p='' q=0"));
  EXPECT_FALSE(connection_.wants_read());
  connection_.Throttle(false);
  EXPECT_THAT(owner_.Take(), ElementsAre("> PINGRESP", "readable"));
}

TEST_F(ConnectionFlowTest, AnOwnerMayCloseInsideTheCallback) {
  Open();
  owner_.on_publish = [this] { connection_.Close(Reason::kNotAuthorized); };
  Feed("32 05 0001 't' 0001 C0 00");
  EXPECT_THAT(owner_.Take(), ElementsAre("PUBLISH t='t' p='' q=1 id=1", "closed by owner "));
}

TEST_F(ConnectionFlowTest, AnOwnerMayCloseWhileHeldBytesAreHandled) {
  Open();
  connection_.Throttle(true);
  Feed("32 05 0001 't' 0001 C0 00");
  owner_.on_publish = [this] { connection_.Close(Reason::kNotAuthorized); };
  connection_.Throttle(false);
  EXPECT_THAT(owner_.Take(), ElementsAre("PUBLISH t='t' p='' q=1 id=1", "closed by owner "));
}

TEST_F(ConnectionFlowTest, OneByteAtATimeIsTheSameAsAllAtOnce) {
  const std::string script = Bytes(
      "10 0E 0004 'MQTT' 04 00 000A 0002 'ab' 30 05 0001 't' 'hi' C0 00"
      "32 06 0001 't' 0001 'a' 34 06 0001 't' 0002 'b' 62 02 0002 82 06 0007 0001 'a' 00 E0 00");
  std::vector<std::vector<std::string>> runs;
  for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, script.size()}) {
    RecordingOwner owner;
    Session session(session_limits_);
    Connection connection(limits_, owner, 0);
    owner.on_connect = [&] {
      connection.Accept(session, false, 0);
      connection.Proceed();
    };
    owner.on_publish = [&] { session.AckInbound(owner.handles.back()); };
    for (size_t at = 0; at < script.size(); at += step) {
      connection.OnBytes(std::string(script.substr(at, step)), 0);
    }
    runs.push_back(owner.Take());
    EXPECT_EQ(runs.back(), runs.front()) << step;
  }
  EXPECT_THAT(runs.front(),
              ElementsAre(kConnectLine, "> CONNACK code=0", "PUBLISH t='t' p='hi' q=0",
                          "> PINGRESP", "PUBLISH t='t' p='a' q=1 id=1", "> PUBACK id=1",
                          "PUBLISH t='t' p='b' q=2 id=2", "> PUBREC id=2", "> PUBCOMP id=2",
                          "SUBSCRIBE id=7 f='a' q=0", "closed by client "));
}

}  // namespace
}  // namespace chat::mqtt
