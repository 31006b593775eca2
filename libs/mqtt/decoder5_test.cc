#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>
#include <string>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/codec_testing.h"

// The framing of 5.0.
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

// Decodes in any split, and what was decoded encodes to the same bytes.
void ExpectPackets(std::span<const Good> cases, Role role) {
  for (const Good& good : cases) {
    const std::string bytes = Bytes(good.bytes);
    for (const size_t step : {0, 1, 3}) {
      const Decoded decoded = DecodeAll(bytes, role, step, 1'000'000, Version::k5);
      EXPECT_THAT(decoded.packets, ElementsAre(good.packet)) << good.bytes << " step " << step;
      EXPECT_EQ(decoded.error, "") << good.bytes << " step " << step;
    }
    Decoder decoder(role, 1'000'000);
    decoder.SetVersion(Version::k5);
    std::string_view input = bytes;
    Packet packet;
    ProtocolError error;
    if (decoder.Next(input, packet, error) != DecodeStatus::kPacket) continue;
    std::string again;
    Encode(packet, Version::k5, again);
    EXPECT_EQ(again, bytes) << good.bytes;
  }
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
      const Decoded decoded = DecodeAll(bytes, role, step, 1'000'000, Version::k5);
      EXPECT_EQ(decoded.error, bad.clause) << bad.bytes << " step " << step;
      EXPECT_EQ(decoded.reason, bad.reason) << bad.bytes << " step " << step;
      EXPECT_TRUE(decoded.packets.empty()) << bad.bytes;
    }
  }
}

TEST(Decoder5Test, AConnectWithEveryPropertyIsRead) {
  // MQTT5-3.1.2-9, MQTT5-3.1.3-1
  // MQTT5-3.1.2-2, MQTT5-3.1.2-28: a password needs no user name in 5.0
  const Good cases[] = {
      {"10 0D 0004 'MQTT' 05 02 0000 00 0000", "CONNECT v=5 c='' k=0 clean"},
      {"10 12 0004 'MQTT' 05 42 0000 00 0002 'ab' 0001 'p'", "CONNECT v=5 c='ab' k=0 clean p='p'"},
      {"10 33 0004 'MQTT' 05 00 000A"
       "24 11 00000E10 21 0014 27 00010000 22 0005 19 01 17 00 26 0001 'k' 0001 'v' 15 0001 'm'"
       "16 0002 FF00 0002 'ab'",
       "CONNECT v=5 c='ab' k=10 {17=3600 33=20 39=65536 34=5 25=1 23=0 38='k':'v' 21='m' 22='\xFF"},
      {"10 34 0004 'MQTT' 05 2E 0000 00 0002 'ab'"
       "1E 18 0000003C 01 01 02 0000000A 03 0001 't' 08 0001 'r' 09 0001 'c' 26 0001 'k' 0000"
       "0001 't' 0001 'w'",
       "CONNECT v=5 c='ab' k=0 clean wt='t' wp='w' wq=1 wretain"
       " {24=60 1=1 2=10 3='t' 8='r' 9='c' 38='k':''}"},
  };
  ExpectPackets(std::span(cases).first(2), Role::kServer);
  const Decoded all = DecodeAll(Bytes(cases[2].bytes), Role::kServer);
  ASSERT_EQ(all.packets.size(), 1u) << all.error;
  EXPECT_THAT(all.packets[0], testing::StartsWith(cases[2].packet));
  ExpectPackets(std::span(cases).subspan(3), Role::kServer);
}

TEST(Decoder5Test, PacketsOfClientsAreRead) {
  const Good cases[] = {
      {"30 06 0001 't' 00 'hi'", "PUBLISH t='t' p='hi' q=0"},
      {"3A 07 0001 't' 0007 00 'x'", "PUBLISH t='t' p='x' q=1 id=7 dup"},
      {"30 07 0000 03 23 0002 'x'", "PUBLISH t='' p='x' q=0 {35=2}"},
      {"30 21 0001 't' 1C 01 01 02 0000003C 03 0002 'tx' 08 0002 'rt' 09 0001 'c' 26 0001 'k' 0001 "
       "'v' 'x'",
       "PUBLISH t='t' p='x' q=0 {1=1 2=60 3='tx' 8='rt' 9='c' 38='k':'v'}"},
      {"40 02 0001", "PUBACK id=1"},
      {"40 03 0001 10", "PUBACK id=1 r=0x10"},
      {"50 03 0002 83", "PUBREC id=2 r=0x83"},
      {"62 03 0003 92", "PUBREL id=3 r=0x92"},
      {"70 0A 0004 92 06 1F 0003 'why'", "PUBCOMP id=4 r=0x92 {31='why'}"},
      {"82 0B 0005 00 0001 'a' 2D 0001 '#' 02", "SUBSCRIBE id=5 f='a' q=1 nl rap rh=2 f='#' q=2"},
      {"82 0A 0005 03 0B FF7F 0001 'a' 10", "SUBSCRIBE id=5 f='a' q=0 rh=1 {11=16383}"},
      {"82 10 0005 00 000A '$share/g/a' 01", "SUBSCRIBE id=5 f='$share/g/a' q=1"},
      {"A2 06 0006 00 0001 'a'", "UNSUBSCRIBE id=6 f='a'"},
      {"C0 00", "PINGREQ"},
      {"E0 00", "DISCONNECT"},
      {"E0 01 04", "DISCONNECT r=0x04"},
      {"E0 07 00 05 11 00000000", "DISCONNECT {17=0}"},
      {"F0 07 18 05 15 0002 'm1'", "AUTH r=0x18 {21='m1'}"},
      {"F0 00", "AUTH"},
  };
  ExpectPackets(cases, Role::kServer);
}

TEST(Decoder5Test, PacketsOfServersAreRead) {
  // MQTT5-3.2.2-8, MQTT5-3.9.3-1, MQTT5-3.11.3-1
  const Good cases[] = {
      {"20 03 00 00 00", "CONNACK code=0"},
      {"20 03 01 00 00", "CONNACK code=0 present"},
      {"20 03 00 8C 00", "CONNACK code=140"},
      {"20 16 00 00 13 12 0001 'a' 13 0005 1A 0001 'i' 24 01 25 00 28 01 2A 01",
       "CONNACK code=0 {18='a' 19=5 26='i' 36=1 37=0 40=1 42=1}"},
      {"90 06 0001 00 00 02 87", "SUBACK id=1 0 2 135"},
      {"B0 05 0002 00 00 11", "UNSUBACK id=2 0 17"},
      {"30 08 0001 't' 04 0B 01 0B 02", "PUBLISH t='t' p='' q=0 {11=1 11=2}"},
      {"E0 01 8E", "DISCONNECT r=0x8E"},
      {"E0 0A 9C 08 1C 0005 'other'", "DISCONNECT r=0x9C {28='other'}"},
  };
  ExpectPackets(cases, Role::kClient);
}

TEST(Decoder5Test, LengthsAreAsShortAsTheyCanBe) {
  // MQTT5-1.5.5-1
  const Bad cases[] = {
      {"C0 80 00", "MQTT5-1.5.5-1"},
      {"10 8D 00 0004 'MQTT' 05 02 0000 00 0000", "MQTT5-1.5.5-1"},
      {"30 06 0001 't' 8000 'x'", "MQTT5-1.5.5-1"},
      {"30 80 80 80 80 01", "MQTT-2.2.3"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(Decoder5Test, PropertiesThatDoNotBelongAreMalformed) {
  // MQTT5-2.2.2-1
  const Bad cases[] = {
      {"30 03 0001 't'", "MQTT5-1.5.5-1"},                         // no property length
      {"30 05 0001 't' 05 01", "MQTT5-2.2.2-1"},                   // longer than the packet
      {"30 06 0001 't' 02 7F 00", "MQTT5-2.2.2.2"},                // unknown
      {"30 06 0001 't' 02 17 00", "MQTT5-2.2.2.2"},                // of CONNECT only
      {"30 05 0001 't' 01 01", "MQTT5-2.2.2.2"},                   // without a value
      {"30 08 0001 't' 04 03 0001 FF", "MQTT5-2.2.2.2"},           // MQTT5-3.3.2-19, UTF-8
      {"30 0B 0001 't' 07 26 0001 'k' 0001 FF", "MQTT5-2.2.2.2"},  // MQTT5-1.5.7-1
      {"82 0A 0001 03 23 0001 0001 'a' 00", "MQTT5-2.2.2.2"},
      {"10 12 0004 'MQTT' 05 02 0000 05 18 00000001 0000", "MQTT5-2.2.2.2"},  // of a will only
      {"40 07 0001 00 03 11 0000", "MQTT5-2.2.2.2"},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(Decoder5Test, PropertiesWithWrongValuesAreProtocolErrors) {
  // MQTT5-4.13.1-1
  constexpr Reason kError = Reason::kProtocolError;
  const Bad cases[] = {
      {"30 08 0001 't' 04 01 00 01 00", "MQTT5-4.13.1-1", kError},  // twice
      {"30 06 0001 't' 02 01 02", "MQTT5-4.13.1-1", kError},        // neither 0 nor 1
      {"30 07 0001 't' 03 23 0000", "MQTT5-3.3.2-8", Reason::kTopicAliasInvalid},
      {"30 08 0001 't' 04 08 0001 '#'", "MQTT5-3.3.2-14", kError},  // MQTT5-3.3.2-13
      {"30 07 0001 't' 03 08 0000", "MQTT5-3.3.2-14", kError},
      {"30 06 0001 't' 02 0B 01", "MQTT5-3.3.4-6", kError},
      {"30 03 0000 00", "MQTT5-3.3.2-8", kError},  // neither topic nor alias
      {"82 08 0001 02 0B 00 0001 'a' 00", "MQTT5-4.13.1-1", kError},
      {"10 10 0004 'MQTT' 05 02 0000 03 21 0000 0000", "MQTT5-4.13.1-1", kError},
      {"10 12 0004 'MQTT' 05 02 0000 05 27 00000000 0000", "MQTT5-4.13.1-1", kError},
      {"10 0F 0004 'MQTT' 05 02 0000 02 19 02 0000", "MQTT5-4.13.1-1", kError},
      {"10 11 0004 'MQTT' 05 02 0000 04 16 0001 'x' 0000", "MQTT5-4.13.1-1", kError},
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(Decoder5Test, ReasonCodesBelongToTheirPackets) {
  // MQTT5-3.9.3-2
  // MQTT5-3.4.2-1, MQTT5-3.5.2-1, MQTT5-3.6.2-1, MQTT5-3.7.2-1, MQTT5-3.14.2-1, MQTT5-3.15.2-1
  const Bad server[] = {
      {"40 03 0001 01", "MQTT5-2.4"}, {"50 03 0001 92", "MQTT5-2.4"},
      {"62 03 0001 10", "MQTT5-2.4"}, {"70 03 0001 80", "MQTT5-2.4"},
      {"E0 01 03", "MQTT5-2.4"},      {"F0 01 01", "MQTT5-2.4"},
  };
  ExpectErrors(server, Role::kServer);
  const Bad client[] = {
      {"20 03 00 01 00", "MQTT5-3.2.2-8"},
      {"90 04 0001 00 03", "MQTT-3.9.3-2"},
      {"B0 04 0001 00 01", "MQTT5-3.11.3-2"},
      {"B0 03 0001 00", "MQTT5-3.11.3-1"},
  };
  ExpectErrors(client, Role::kClient);
}

TEST(Decoder5Test, SubscriptionOptionsAreChecked) {
  constexpr Reason kError = Reason::kProtocolError;
  const Bad cases[] = {
      {"82 07 0001 00 0001 'a' 40", "MQTT5-3.8.3-5"},
      {"82 07 0001 00 0001 'a' 03", "MQTT5-3.8.3-5", kError},
      {"82 07 0001 00 0001 'a' 30", "MQTT5-3.8.3-5", kError},
      {"82 10 0001 00 000A '$share/g/a' 04", "MQTT5-3.8.3-4", kError},
      {"82 03 0001 00", "MQTT-3.8.3-3"},  // MQTT5-3.8.3-2
  };
  ExpectErrors(cases, Role::kServer);
}

TEST(Decoder5Test, ASharedSubscriptionHasANameAndAFilter) {
  // MQTT5-4.8.2-1, MQTT5-4.8.2-2
  for (const char* filter : {"$share//a", "$share/g", "$share/g/", "$share/"}) {
    std::string body = Bytes("0001 00");
    body.push_back(0);
    body.push_back(static_cast<char>(std::string_view(filter).size()));
    body += filter;
    body.push_back(0);
    std::string bytes = "\x82";
    bytes.push_back(static_cast<char>(body.size()));
    bytes += body;
    const Decoded decoded = DecodeAll(bytes, Role::kServer, 0, 1000, Version::k5);
    EXPECT_EQ(decoded.reason, Reason::kTopicFilterInvalid) << filter;
    const Decoded older = DecodeAll(Bytes("82 0F 0001 000A '$share/g/a' 01"), Role::kServer);
    EXPECT_THAT(older.packets, ElementsAre("SUBSCRIBE id=1 f='$share/g/a' q=1"));
  }
}

TEST(Decoder5Test, WhatTravelsTheOtherWayIsAnError) {
  // MQTT5-2.1.3-1, MQTT5-3.14.1-1
  const Bad server[] = {
      {"20 03 00 00 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"D0 00", "MQTT-2.2.1", Reason::kProtocolError},
      {"F1 00", "MQTT-2.2.2-2"},  // MQTT5-3.15.1-1
      {"E1 00", "MQTT-3.14.1-1"},
      {"00 00", "MQTT-2.2.1"},
  };
  ExpectErrors(server, Role::kServer);
  EXPECT_EQ(DecodeAll(Bytes("F0 00"), Role::kServer).error, "MQTT-2.2.1") << "3.x has no AUTH";
}

}  // namespace
}  // namespace chat::mqtt
