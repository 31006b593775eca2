#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/codec_testing.h"

namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing_support::Bytes;
using testing_support::DecodeAll;

std::string Encoded(const Packet& packet, Version version = Version::k311) {
  std::string out;
  Encode(packet, version, out);
  return out;
}

TEST(EncoderTest, PacketsHaveTheBytesOfTheStandard) {
  const std::pair<Packet, const char*> cases[] = {
      {Connack{true, 0, {}}, "20 02 01 00"},
      {Connack{true, 2, {}}, "20 02 00 02"},  // MQTT-3.2.2-4
      {Publish{"a/b", "hi", Qos::kAtMostOnce, false, false, kNoPacketId, {}},
       "30 07 0003 'a/b' 'hi'"},
      {Publish{"a", "x", Qos::kExactlyOnce, true, true, PacketId{258}, {}},
       "3D 06 0001 'a' 0102 'x'"},
      {Puback{PacketId{1}, Reason::kSuccess, {}}, "40 02 0001"},
      {Pubrec{PacketId{1}, Reason::kSuccess, {}}, "50 02 0001"},
      {Pubrel{PacketId{1}, Reason::kSuccess, {}}, "62 02 0001"},  // MQTT-3.6.1-1
      {Pubcomp{PacketId{1}, Reason::kSuccess, {}}, "70 02 0001"},
      {Subscribe{PacketId{2}, {{"a", Qos::kAtLeastOnce}, {"b/#", Qos::kExactlyOnce}}, {}},
       "82 0C 0002 0001 'a' 01 0003 'b/#' 02"},
      {Suback{PacketId{2}, {0, 1, 2, 0x80}, {}}, "90 06 0002 00 01 02 80"},
      {Unsubscribe{PacketId{3}, {"a", "bc"}, {}}, "A2 09 0003 0001 'a' 0002 'bc'"},
      {Unsuback{PacketId{3}, {}}, "B0 02 0003"},
      {Pingreq{}, "C0 00"},
      {Pingresp{}, "D0 00"},
      {Disconnect{}, "E0 00"},
  };
  for (const auto& [packet, bytes] : cases) EXPECT_EQ(Encoded(packet), Bytes(bytes)) << bytes;
}

TEST(EncoderTest, AConnectSurvivesTheRoundTrip) {
  Connect connect;
  connect.client_id = "emqttd_1";
  connect.keep_alive_s = 60;
  connect.clean_session = false;
  connect.will = Will{"version/8", "w", Qos::kAtLeastOnce, true, {}};
  connect.username = "api";
  connect.password = "secret";
  EXPECT_THAT(DecodeAll(Encoded(connect), Role::kServer).packets,
              ElementsAre("CONNECT v=4 c='emqttd_1' k=60 wt='version/8' wp='w' wq=1 wretain"
                          " u='api' p='secret'"));
  EXPECT_THAT(DecodeAll(Encoded(connect, Version::k31), Role::kServer).packets,
              ElementsAre(testing::HasSubstr("CONNECT v=3")));
}

TEST(EncoderTest, AConnackOfVersion5HasAPropertyLength) {
  EXPECT_EQ(Encoded(Connack{false, 0x84, {}}, Version::k5), Bytes("20 03 00 84 00"));
}

TEST(EncoderTest, Version31KnowsNoSessionPresent) {
  EXPECT_EQ(Encoded(Connack{true, 0, {}}, Version::k31), Bytes("20 02 00 00"));
}

TEST(EncoderTest, RemainingLengthTakesAsManyBytesAsTheStandardSays) {
  // 2.2.3, table 2.4: the payload below makes the remaining length the given number.
  const std::pair<size_t, const char*> cases[] = {
      {127, "7F"},          {128, "80 01"},          {16'383, "FF 7F"},
      {16'384, "80 80 01"}, {2'097'151, "FF FF 7F"}, {2'097'152, "80 80 80 01"},
  };
  for (const auto& [length, bytes] : cases) {
    const std::string payload(length - 3, 'x');
    const std::string encoded =
        Encoded(Publish{"t", payload, Qos::kAtMostOnce, false, false, kNoPacketId, {}});
    const std::string digits = Bytes(bytes);
    EXPECT_EQ(encoded.substr(1, digits.size()), digits) << length;
    EXPECT_EQ(encoded.size(), 1 + digits.size() + length);
    EXPECT_EQ(DecodeAll(encoded, Role::kServer, 0, 3'000'000).packets.size(), 1u);
  }
}

TEST(EncoderTest, AFanOutHeadAndTheSharedPayloadAreThePublish) {
  const SharedMessage message = Message::Create("room/r1", "payload");
  ASSERT_NE(message, nullptr);
  EXPECT_EQ(message->topic(), "room/r1");
  EXPECT_EQ(message->payload(), "payload");
  for (const Qos qos : {Qos::kAtMostOnce, Qos::kAtLeastOnce, Qos::kExactlyOnce}) {
    const PacketId id = qos == Qos::kAtMostOnce ? kNoPacketId : PacketId{77};
    const bool dup = qos != Qos::kAtMostOnce;
    std::string out = "before";
    EncodePublishHead({.qos = qos, .dup = dup, .retain = true, .id = id}, *message, out);
    out.append(message->payload());
    EXPECT_EQ(out, "before" + Encoded(Publish{"room/r1", "payload", qos, true, dup, id, {}}));
  }
}

TEST(EncoderTest, AMessageThatFitsNoPacketIsNotMade) {
  EXPECT_NE(Message::Create(std::string(65'535, 't'), ""), nullptr);
  EXPECT_EQ(Message::Create(std::string(65'536, 't'), ""), nullptr);
  EXPECT_EQ(Message::Create("t", std::string(kMaxRemainingLength, 'x')), nullptr);
}

}  // namespace
}  // namespace chat::mqtt
