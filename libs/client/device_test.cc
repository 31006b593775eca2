#include "libs/client/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "chat/v1/records.pb.h"
#include "libs/client/content.h"
#include "libs/client/failure.h"
#include "libs/client/loopback_server.h"
#include "libs/client/request.h"

namespace chat::client {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Millis kSoon = 5000;

ConnectOptions Stored() {
  ConnectOptions options;
  options.client_id = "emqttd_1";
  options.password = "token";
  options.clean_session = false;
  return options;
}

std::unique_ptr<Device> MustConnect(const LoopbackServer& server,
                                    const ConnectOptions& options = Stored()) {
  auto device = Device::Connect(server.address(), options, kSoon);
  EXPECT_TRUE(device.ok()) << device.status();
  return device.ok() ? *std::move(device) : nullptr;
}

std::string MustReceive(Device& device) {
  auto incoming = device.Receive(kSoon);
  EXPECT_TRUE(incoming.ok()) << incoming.status();
  if (!incoming.ok() || !incoming->has_value()) return "nothing";
  return (*incoming)->payload;
}

TEST(DeviceTest, ARequestIsPublishedAndItsAnswerReceived) {
  LoopbackServer server(
      {.publish = [](LoopbackPeer& peer, std::string_view topic, std::string_view payload) {
        EXPECT_EQ(topic, kRequestTopic);
        EXPECT_EQ(peer.password(), "token");
        peer.Send(ReplyTopic(peer.client_id()), payload);
      }});
  const auto device = MustConnect(server);
  v1::Typing typing;
  typing.set_room("lobby");
  ASSERT_TRUE(device->Request(typing, kSoon).ok());
  const auto incoming = device->Receive(kSoon);
  ASSERT_TRUE(incoming.ok() && incoming->has_value());
  EXPECT_EQ((*incoming)->topic, "actions/1/api/emqttd_1");
  const auto content = ReadContent((*incoming)->payload);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->record_name(), "Typing");
}

TEST(DeviceTest, WithoutAServerThereIsNoConnection) {
  Address address;
  {
    LoopbackServer server({});
    address = server.address();
  }
  const auto device = Device::Connect(address, Stored(), kSoon);
  EXPECT_EQ(FailureOf(device.status()), Failure::kConnection) << device.status();
}

TEST(DeviceTest, ARefusedTokenIsARefusal) {
  LoopbackServer server(
      {.connect = [](LoopbackPeer&) { return mqtt::ConnectCode::kBadUserNameOrPassword; }});
  const auto device = Device::Connect(server.address(), Stored(), kSoon);
  EXPECT_EQ(FailureOf(device.status()), Failure::kRefused);
  EXPECT_EQ(device.status().message(), "not_authorized");
}

TEST(DeviceTest, NothingWithinTheTimeIsNoFailure) {
  LoopbackServer server({});
  const auto device = MustConnect(server);
  const auto incoming = device->Receive(20);
  ASSERT_TRUE(incoming.ok());
  EXPECT_FALSE(incoming->has_value());
  EXPECT_TRUE(device->connected());
}

TEST(DeviceTest, AMessageIsAcknowledgedWhenTheCallerComesBackForTheNext) {
  LoopbackServer server({});
  auto device = MustConnect(server);
  server.Deliver("emqttd_1", "ses/1", "first");
  server.Deliver("emqttd_1", "ses/1", "second");
  EXPECT_EQ(MustReceive(*device), "first");
  EXPECT_EQ(MustReceive(*device), "second");
  device.reset();  // dies with the second in its hands

  device = MustConnect(server);
  EXPECT_TRUE(device->session_present());
  EXPECT_EQ(MustReceive(*device), "second");
  device->Disconnect(kSoon);
  EXPECT_THAT(server.acknowledged(), ElementsAre("first", "second"));
}

TEST(DeviceTest, DisconnectAcknowledgesWhatWasTakenAndNothingElse) {
  LoopbackServer server({});
  auto device = MustConnect(server);
  server.Deliver("emqttd_1", "ses/1", "first");
  server.Deliver("emqttd_1", "ses/1", "second");
  EXPECT_EQ(MustReceive(*device), "first");
  device->Disconnect(kSoon);
  EXPECT_THAT(server.acknowledged(), ElementsAre("first"));
  EXPECT_FALSE(device->connected());
}

TEST(DeviceTest, WhatArrivesWhileWaitingForPubackIsKeptInOrder) {
  LoopbackServer server({.publish = [](LoopbackPeer& peer, std::string_view, std::string_view) {
    for (const char* payload : {"a", "b", "c"}) peer.Send("ses/1", payload);
  }});
  const auto device = MustConnect(server);
  ASSERT_TRUE(device->Publish({.topic = "t", .payload = "x"}, kSoon).ok());
  EXPECT_THAT(
      (std::vector<std::string>{MustReceive(*device), MustReceive(*device), MustReceive(*device)}),
      ElementsAre("a", "b", "c"));
}

TEST(DeviceTest, AfterAWithheldAcknowledgementTheReplyCanStillBeRead) {
  LoopbackServer server({.publish = [](LoopbackPeer& peer, std::string_view, std::string_view) {
    peer.Send(ReplyTopic(peer.client_id()), "unavailable");
    peer.Withhold();
  }});
  const auto device = MustConnect(server);
  const auto status = device->Publish({.topic = "t", .payload = "x"}, kSoon);
  EXPECT_EQ(FailureOf(status), Failure::kConnection) << status;
  EXPECT_EQ(MustReceive(*device), "unavailable");
  EXPECT_EQ(FailureOf(device->Receive(kSoon).status()), Failure::kConnection);
}

TEST(DeviceTest, WhatTheServerSaidBeforeItClosedIsReadThoughWritingFails) {
  LoopbackServer server({});
  const auto device = MustConnect(server);
  server.Deliver("emqttd_1", "ses/1", "taken");
  EXPECT_EQ(MustReceive(*device), "taken");
  // "last" and the end of the connection are in the socket before the device writes again.
  server.Deliver("emqttd_1", "ses/1", "last");
  server.DropAll();
  server.AwaitPosted();
  const std::string much(1 << 20, 'x');
  while (device->connected() && device->Publish({.topic = "t", .payload = much}, kSoon).ok()) {
  }
  EXPECT_EQ(MustReceive(*device), "last");
}

TEST(DeviceTest, ALostConnectionIsSaidSo) {
  LoopbackServer server({});
  const auto device = MustConnect(server);
  server.DropAll();
  EXPECT_EQ(FailureOf(device->Receive(kSoon).status()), Failure::kConnection);
  EXPECT_FALSE(device->connected());
  EXPECT_EQ(FailureOf(device->Publish({.topic = "t"}, kSoon)), Failure::kConnection);
}

TEST(DeviceTest, TheYoungerConnectionOfAClientIdTakesOver) {
  LoopbackServer server({});
  const auto older = MustConnect(server);
  const auto younger = MustConnect(server);
  EXPECT_EQ(FailureOf(older->Receive(kSoon).status()), Failure::kConnection);
  server.Deliver("emqttd_1", "ses/1", "for the younger");
  EXPECT_EQ(MustReceive(*younger), "for the younger");
}

TEST(DeviceTest, MoreThanIsHeldEndsTheConnection) {
  LoopbackServer server({.publish = [](LoopbackPeer& peer, std::string_view, std::string_view) {
    for (int i = 0; i < 5; ++i) peer.Send("ses/1", "x");
    peer.Withhold();
  }});
  DeviceLimits limits;
  limits.held_messages = 4;
  auto device = Device::Connect(server.address(), Stored(), kSoon, limits);
  ASSERT_TRUE(device.ok());
  EXPECT_EQ(FailureOf((*device)->Publish({.topic = "t"}, kSoon)), Failure::kConnection);
}

TEST(DeviceTest, ALargePayloadGoesThrough) {
  const std::string large(900'000, 'x');
  LoopbackServer server(
      {.publish = [](LoopbackPeer& peer, std::string_view, std::string_view payload) {
        peer.Send("ses/1", std::to_string(payload.size()));
      }});
  const auto device = MustConnect(server);
  ASSERT_TRUE(device->Publish({.topic = "t", .payload = large}, kSoon).ok());
  EXPECT_EQ(MustReceive(*device), "900000");
}

TEST(DeviceTest, SilenceIsBrokenByPingreq) {
  LoopbackServer server({});
  ConnectOptions options = Stored();
  options.keep_alive_s = 1;
  const auto device = MustConnect(server, options);
  const uint64_t before = server.bytes_received();
  // 1.5 s is where the server closes; PINGREQ goes out at 0.75 s.
  const auto incoming = device->Receive(1700);
  ASSERT_TRUE(incoming.ok()) << incoming.status();
  EXPECT_EQ(server.bytes_received(), before + 4) << "two PINGREQs of two bytes";
}

}  // namespace
}  // namespace chat::client
