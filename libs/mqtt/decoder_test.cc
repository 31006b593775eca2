#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/codec_testing.h"

namespace chat::mqtt {
namespace {

using testing::ElementsAre;
using testing_support::Bytes;
using testing_support::DecodeAll;
using testing_support::Decoded;

struct Good {
  const char* bytes;
  const char* packet;
};

// The same result whether the bytes come whole, one by one or in threes.
void ExpectPacket(const Good& good, Role role) {
  const std::string bytes = Bytes(good.bytes);
  for (const size_t step : {0, 1, 3}) {
    const Decoded decoded = DecodeAll(bytes, role, step);
    EXPECT_THAT(decoded.packets, ElementsAre(good.packet)) << good.bytes << " step " << step;
    EXPECT_EQ(decoded.error, "") << good.bytes << " step " << step;
  }
}

TEST(DecoderTest, PacketsOfClientsAreDecoded) {
  const Good cases[] = {
      {"10 0E 0004 'MQTT' 04 02 003C 0002 'ab'", "CONNECT v=4 c='ab' k=60 clean"},
      {"10 0C 0004 'MQTT' 04 02 0000 0000", "CONNECT v=4 c='' k=0 clean"},
      {"10 10 0006 'MQIsdp' 03 00 000A 0002 'ab'", "CONNECT v=3 c='ab' k=10"},
      {"10 1A 0004 'MQTT' 04 F6 FFFF 0001 'c' 0001 't' 0001 'w' 0001 'u' 0002 'pw'",
       "CONNECT v=4 c='c' k=65535 clean wt='t' wp='w' wq=2 wretain u='u' p='pw'"},
      {"30 05 0001 't' 'hi'", "PUBLISH t='t' p='hi' q=0"},
      {"31 03 0001 't'", "PUBLISH t='t' p='' q=0 retain"},
      {"3A 06 0001 't' 0007 'x'", "PUBLISH t='t' p='x' q=1 id=7 dup"},
      {"34 06 0001 't' FFFF 'x'", "PUBLISH t='t' p='x' q=2 id=65535"},
      {"40 02 0001", "PUBACK id=1"},
      {"50 02 0002", "PUBREC id=2"},
      {"62 02 0003", "PUBREL id=3"},
      {"70 02 0004", "PUBCOMP id=4"},
      {"82 0B 0005 0001 'a' 00 0002 '/#' 02", "SUBSCRIBE id=5 f='a' q=0 f='/#' q=2"},
      {"A2 08 0006 0001 'a' 0001 '+'", "UNSUBSCRIBE id=6 f='a' f='+'"},
      {"C0 00", "PINGREQ"},
      {"E0 00", "DISCONNECT"},
      {"C0 80 00", "PINGREQ"},  // 3.1.1 does not forbid a long form of the remaining length
  };
  for (const Good& good : cases) ExpectPacket(good, Role::kServer);
}

TEST(DecoderTest, APasswordMayBeAnyBytes) {
  const std::string bytes = Bytes("10 13 0004 'MQTT' 04 C2 0000 0000 0001 'u' 0002 FF00");
  const Decoded decoded = DecodeAll(bytes, Role::kServer);
  EXPECT_THAT(decoded.packets,
              ElementsAre("CONNECT v=4 c='' k=0 clean u='u' p='\xFF" + std::string("\0'", 2)));
}

TEST(DecoderTest, PacketsOfServersAreDecoded) {
  const Good cases[] = {
      {"20 02 00 00", "CONNACK code=0"},
      {"20 02 01 00", "CONNACK code=0 present"},
      {"20 02 00 05", "CONNACK code=5"},
      {"90 05 0001 00 02 80", "SUBACK id=1 0 2 128"},
      {"B0 02 0002", "UNSUBACK id=2"},
      {"D0 00", "PINGRESP"},
      {"32 05 0001 't' 0001", "PUBLISH t='t' p='' q=1 id=1"},
  };
  for (const Good& good : cases) ExpectPacket(good, Role::kClient);
}

struct Bad {
  const char* bytes;
  const char* clause;
  Reason reason = Reason::kMalformedPacket;
};

void ExpectErrors(std::span<const Bad> cases, Role role) {
  for (const Bad& bad : cases) {
    const std::string bytes = Bytes(bad.bytes);
    for (const size_t step : {0, 1}) {
      const Decoded decoded = DecodeAll(bytes, role, step);
      EXPECT_EQ(decoded.error, bad.clause) << bad.bytes << " step " << step;
      EXPECT_EQ(decoded.reason, bad.reason) << bad.bytes << " step " << step;
      EXPECT_TRUE(decoded.packets.empty()) << bad.bytes;
    }
  }
}

TEST(DecoderTest, ABadFixedHeaderIsRefused) {
  // MQTT5-3.3.1-2, MQTT5-3.6.1-1, MQTT5-3.8.1-1, MQTT5-3.10.1-1
  const Bad cases[] = {
      {"00 00", "MQTT-2.2.1"},
      {"F0 00", "MQTT-2.2.1"},
      {"20 02 00 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"90 03 0001 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"B0 02 0001", "MQTT-2.2.1", Reason::kProtocolError},
      {"D0 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"11 0C 0004 'MQTT' 04 02 0000 0000", "MQTT-2.2.2-2"},
      {"41 02 0001", "MQTT-2.2.2-2"},
      {"52 02 0001", "MQTT-2.2.2-2"},
      {"74 02 0001", "MQTT-2.2.2-2"},
      {"C8 00", "MQTT-2.2.2-2"},
      {"E1 00", "MQTT-3.14.1-1"},
      {"60 02 0001", "MQTT-3.6.1-1"},
      {"6A 02 0001", "MQTT-3.6.1-1"},
      {"80 06 0001 0001 'a' 00", "MQTT-3.8.1-1"},
      {"A0 05 0001 0001 'a'", "MQTT-3.10.1-1"},
      {"36 05 0001 't' 0001", "MQTT-3.3.1-4"},
      {"38 03 0001 't'", "MQTT-3.3.1-2"},
      {"30 80 80 80 80 01", "MQTT-2.2.3"},
      {"40 03 0001 00", "MQTT-2.2.3"},
      {"40 01 00", "MQTT-2.2.3"},
      {"C0 01 00", "MQTT-2.2.3"},
      {"E0 01 00", "MQTT-2.2.3"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(DecoderTest, ABadConnectIsRefused) {
  // MQTT-3.1.2-11, MQTT-3.1.2-18, MQTT-3.1.2-19, MQTT-3.1.2-20, MQTT5-1.5.4-1, MQTT5-3.1.2-11
  // MQTT5-3.1.2-12, MQTT5-3.1.2-13, MQTT5-3.1.2-16, MQTT5-3.1.2-17, MQTT5-3.1.2-18
  // MQTT5-3.1.2-19, MQTT5-3.1.3-3, MQTT5-3.1.3-4, MQTT5-3.1.3-11, MQTT5-3.1.3-12
  const Bad cases[] = {
      {"10 0C 0004 'MQTS' 04 02 0000 0000", "MQTT-3.1.2-1"},
      {"10 0C 0004 'mqtt' 04 02 0000 0000", "MQTT-3.1.2-1"},
      {"10 00", "MQTT-3.1.2-1"},
      {"10 06 0004 'MQTT'", "MQTT-3.1.2-2"},
      {"10 0C 0004 'MQTT' 03 02 0000 0000", "MQTT-3.1.2-2", Reason::kUnsupportedProtocolVersion},
      {"10 0C 0004 'MQTT' 06 02 0000 0000", "MQTT-3.1.2-2", Reason::kUnsupportedProtocolVersion},
      {"10 0E 0006 'MQIsdp' 05 02 0000 0000", "MQTT-3.1.2-2", Reason::kUnsupportedProtocolVersion},
      {"10 0E 0006 'MQIsdp' 04 02 0000 0000", "MQTT-3.1.2-2", Reason::kUnsupportedProtocolVersion},
      {"10 08 0004 'MQTT' 04 02", "MQTT-3.1.2-23"},
      {"10 0C 0004 'MQTT' 04 03 0000 0000", "MQTT-3.1.2-3"},
      {"10 0C 0004 'MQTT' 04 0A 0000 0000", "MQTT-3.1.2-13"},
      {"10 0C 0004 'MQTT' 04 22 0000 0000", "MQTT-3.1.2-15"},
      {"10 12 0004 'MQTT' 04 1E 0000 0000 0001 't' 0001 'w'", "MQTT-3.1.2-14"},
      {"10 0F 0004 'MQTT' 04 42 0000 0000 0001 'p'", "MQTT-3.1.2-22"},
      {"10 0A 0004 'MQTT' 04 02 0000", "MQTT-3.1.3-3"},
      {"10 0D 0004 'MQTT' 04 02 0000 0002 'a'", "MQTT-3.1.3-3"},
      {"10 0D 0004 'MQTT' 04 02 0000 0001 FF", "MQTT-1.5.3-1"},  // MQTT-3.1.3-4
      {"10 0C 0004 'MQTT' 04 06 0000 0000", "MQTT-3.1.3-10"},
      {"10 11 0004 'MQTT' 04 06 0000 0000 0000 0001 'w'", "MQTT-4.7.3-1"},
      {"10 12 0004 'MQTT' 04 06 0000 0000 0001 '+' 0001 'w'", "MQTT-4.7.1-1"},
      {"10 0F 0004 'MQTT' 04 06 0000 0000 0001 't'", "MQTT-3.1.2-9"},
      {"10 0C 0004 'MQTT' 04 82 0000 0000", "MQTT-3.1.3-11"},
      {"10 0F 0004 'MQTT' 04 82 0000 0000 0001 C0", "MQTT-1.5.3-1"},
      {"10 0F 0004 'MQTT' 04 C2 0000 0000 0001 'u'", "MQTT-3.1.2-21"},
      {"10 0D 0004 'MQTT' 04 02 0000 0000 00", "MQTT-3.1.3-1"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(DecoderTest, ABadPublishIsRefused) {
  // MQTT5-3.3.2-1, MQTT5-4.7.0-1
  const Bad cases[] = {
      {"30 00", "MQTT-3.3.2-1"},
      {"30 03 0002 't'", "MQTT-3.3.2-1"},
      {"30 03 0001 FF", "MQTT-1.5.3-1"},
      {"30 03 0001 00", "MQTT-1.5.3-1"},  // MQTT-1.5.3-2
      {"30 02 0000", "MQTT-4.7.3-1"},
      {"30 05 0003 'a/#'", "MQTT-3.3.2-2", Reason::kTopicNameInvalid},
      {"32 03 0001 't'", "MQTT-2.3.1-1"},
      {"32 05 0001 't' 0000", "MQTT-2.3.1-1"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(DecoderTest, BadSubscriptionsAreRefused) {
  // MQTT-3.8.3-4, MQTT5-3.8.3-1, MQTT5-3.10.3-1, MQTT5-3.10.3-2
  const Bad cases[] = {
      {"82 00", "MQTT-2.3.1-1"},
      {"82 02 0001", "MQTT-3.8.3-3"},
      {"82 06 0000 0001 'a' 00", "MQTT-2.3.1-1"},
      {"82 05 0001 0001 'a'", "MQTT-3.8.3-3"},
      {"82 06 0001 0001 'a' 03", "MQTT-3-8.3-4"},
      {"82 06 0001 0001 'a' 04", "MQTT-3-8.3-4"},
      {"82 06 0001 0001 FF 00", "MQTT-1.5.3-1"},  // MQTT-3.8.3-1
      {"82 05 0001 0002 'a'", "MQTT-3.8.3-1"},
      {"82 05 0001 0000 00", "MQTT-4.7.3-1"},
      {"82 07 0001 0002 'a#' 00", "MQTT-4.7.1-2", Reason::kTopicFilterInvalid},
      {"A2 02 0001", "MQTT-3.10.3-2"},
      {"A2 05 0001 0002 'a'", "MQTT-3.10.3-1"},
      {"A2 05 0000 0001 'a'", "MQTT-2.3.1-1"},
      {"A2 06 0001 0002 '#/'", "MQTT-4.7.1-2", Reason::kTopicFilterInvalid},
      {"40 02 0000", "MQTT-2.3.1-1"},
      {"62 02 0000", "MQTT-2.3.1-1"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(DecoderTest, BadPacketsOfServersAreRefused) {
  const Bad cases[] = {
      {"20 02 02 00", "MQTT-3.2.2-1"},
      {"20 02 01 01", "MQTT-3.2.2-4"},
      {"90 02 0001", "MQTT-3.8.4-5"},
      {"90 03 0001 03", "MQTT-3.9.3-2"},
      {"10 0C 0004 'MQTT' 04 02 0000 0000", "MQTT-2.2.1", Reason::kProtocolError},
      {"C0 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"E0 00", "MQTT-2.2.1", Reason::kProtocolError},
  };
  ExpectErrors(cases, Role::kClient);
}

TEST(DecoderTest, TheFramingOfAnUnknownLevelIsToldByTheRest) {
  const std::pair<const char*, int> cases[] = {
      {"10 0D 0004 'MQTT' 06 02 0000 00 0000", 5},    // a property length
      {"10 0C 0004 'MQTT' 06 02 0000 0000", 4},       // none
      {"10 0C 0004 'MQTT' 03 02 0000 0000", 4},       //
      {"10 0F 0006 'MQIsdp' 05 02 0000 00 0000", 5},  //
      {"10 13 0004 'MQTT' FF 02 0000 05 11 00000001 0001 'a'", 5},
      {"10 08 0004 'MQTT' 06 02", 4},
  };
  for (const auto& [description, framing] : cases) {
    Decoder decoder(Role::kServer, 1000);
    const std::string bytes = Bytes(description);
    std::string_view input = bytes;
    Packet packet;
    ProtocolError error;
    EXPECT_EQ(decoder.Next(input, packet, error), DecodeStatus::kError) << description;
    EXPECT_EQ(error.reason, Reason::kUnsupportedProtocolVersion) << description;
    EXPECT_EQ(decoder.connect_level(), framing) << description;
  }
}

TEST(DecoderTest, Version31MayRepeatSubscribeWithDup) {
  const std::string connect = Bytes("10 10 0006 'MQIsdp' 03 02 000A 0002 'ab'");
  const Decoded decoded =
      DecodeAll(connect + Bytes("8A 06 0001 0001 'a' 00 6A 02 0002"), Role::kServer);
  EXPECT_THAT(decoded.packets, ElementsAre("CONNECT v=3 c='ab' k=10 clean",
                                           "SUBSCRIBE id=1 f='a' q=0", "PUBREL id=2"));
}

TEST(DecoderTest, ThePacketLimitIsAppliedBeforeTheBodyArrives) {
  const Decoded fits = DecodeAll(Bytes("30 03 0001 't'"), Role::kServer, 0, 5);
  EXPECT_EQ(fits.packets.size(), 1u);
  const Decoded large = DecodeAll(Bytes("30 04"), Role::kServer, 0, 5);
  EXPECT_EQ(large.reason, Reason::kPacketTooLarge);
}

TEST(DecoderTest, AnErrorIsFinal) {
  Decoder decoder(Role::kServer, 1000);
  const std::string bytes = Bytes("00 C0 00");
  std::string_view input = bytes;
  Packet packet;
  ProtocolError error;
  EXPECT_EQ(decoder.Next(input, packet, error), DecodeStatus::kError);
  std::string_view more = "\xC0";
  EXPECT_EQ(decoder.Next(more, packet, error), DecodeStatus::kError);
}

TEST(DecoderTest, AWholePacketIsDecodedInPlace) {
  Decoder decoder(Role::kServer, 1000);
  const std::string bytes = Bytes("30 05 0001 't' 'hi' C0 00");
  std::string_view input = bytes;
  Packet packet;
  ProtocolError error;
  ASSERT_EQ(decoder.Next(input, packet, error), DecodeStatus::kPacket);
  EXPECT_EQ(std::get<Publish>(packet).payload.data(), bytes.data() + 5);
  EXPECT_EQ(decoder.buffered(), 0u);
  ASSERT_EQ(decoder.Next(input, packet, error), DecodeStatus::kPacket);
  EXPECT_TRUE(std::holds_alternative<Pingreq>(packet));
  EXPECT_TRUE(input.empty());
}

TEST(DecoderTest, ASplitPacketIsKeptAndThenGivenBack) {
  Decoder decoder(Role::kServer, 1000);
  const std::string bytes = Bytes("30 05 0001 't' 'hi' C0");
  Packet packet;
  ProtocolError error;
  std::string_view first = std::string_view(bytes).substr(0, 4);
  EXPECT_EQ(decoder.Next(first, packet, error), DecodeStatus::kNeedMore);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(decoder.buffered(), 4u);
  std::string_view second = std::string_view(bytes).substr(4);
  ASSERT_EQ(decoder.Next(second, packet, error), DecodeStatus::kPacket);
  EXPECT_EQ(std::get<Publish>(packet).payload, "hi");
  EXPECT_EQ(second.size(), 1u) << "the next packet's byte stays in the input";
  decoder.Trim();
  EXPECT_EQ(decoder.buffered(), 0u);
}

TEST(DecoderTest, ManyPacketsInAnySplitGiveTheSamePackets) {
  const std::string bytes =
      Bytes(
          "10 0E 0004 'MQTT' 04 02 003C 0002 'ab' 30 05 0001 't' 'hi' C0 00 34 06 0001 't' 0009 'x'"
          "62 02 0009 82 06 0005 0001 'a' 00") +
      "\x30\x84\x01" + std::string("\x00\x01t", 3) + std::string(129, 'z') + Bytes("E0 00");
  const Decoded whole = DecodeAll(bytes, Role::kServer);
  ASSERT_EQ(whole.packets.size(), 8u);
  for (size_t step = 1; step < bytes.size(); ++step) {
    EXPECT_EQ(DecodeAll(bytes, Role::kServer, step).packets, whole.packets) << step;
  }
}

}  // namespace
}  // namespace chat::mqtt
