#include "services/cli/received.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "libs/bert/encode.h"
#include "libs/bert/text.h"
#include "services/cli/peers.h"

namespace chat::cli {
namespace {

Received Read(std::string_view erlang, const std::string& topic = "actions/1/api/emqttd_1") {
  auto term = bert::ParseErlangText(erlang);
  EXPECT_TRUE(term.ok()) << erlang;
  client::Incoming incoming;
  incoming.topic = topic;
  incoming.payload = bert::Encode(term.term());
  incoming.qos = mqtt::Qos::kExactlyOnce;
  return Understand(std::move(incoming), "actions/1/api/emqttd_1");
}

TEST(ReceivedTest, TheJsonLineHasTopicQosTermAndRecord) {
  EXPECT_EQ(ToJsonLine(Read("{io,{ok,sms_sent},<<>>}")),
            R"({"topic":"actions/1/api/emqttd_1","qos":2,"term":"{io,{ok,sms_sent},<<>>}",)"
            R"("record":"io"})");
}

TEST(ReceivedTest, ATermThatIsNoRecordHasANullRecord) {
  const auto json = nlohmann::json::parse(ToJsonLine(Read("{hello,1}")));
  EXPECT_EQ(json["term"], "{hello,1}");
  EXPECT_TRUE(json["record"].is_null());
}

TEST(ReceivedTest, AMalformedPayloadHasANullTermAndTheReason) {
  const auto json = nlohmann::json::parse(ToJsonLine(Understand({"ses/1", "\x83", {}}, "t")));
  EXPECT_TRUE(json["term"].is_null());
  EXPECT_TRUE(json["malformed"].is_string());
}

TEST(ReceivedTest, OnlyTheOwnTopicAnswersAndGreets) {
  EXPECT_NE(Read("{io,{error,invalid_data},<<>>}").Answer(), nullptr);
  EXPECT_EQ(Read("{io,{error,invalid_data},<<>>}", "ses/380670001234").Answer(), nullptr);
  EXPECT_TRUE(Read("{vnode_max,4}").greeting);
  EXPECT_FALSE(Read("{vnode_max,4}", "ses/380670001234").greeting);
  EXPECT_TRUE(Read("{'Profile',[],[],[],[],0,0,[],init}").greeting);
  EXPECT_FALSE(Read("{'Profile',[],[],[],[],0,0,[],get}").greeting);
}

TEST(ReceivedTest, ControlCharactersOfStrangersDoNotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(Printable(std::string_view("\0\n\x7f", 3)), "\\x00\\x0a\\x7f");
  EXPECT_EQ(Printable("\xc2\x9b"), "\\xc2\\x9b");
  EXPECT_EQ(Printable("привіт"), "привіт");
  EXPECT_EQ(Printable("\xff\xd0"), "??");
}

TEST(ReceivedTest, AMessageIsSummedUpByIdAuthorAndText) {
  const auto received = Read(
      "{'Message',7,chain,{p2p,<<\"380670001234_1\">>,<<\"380670002234_2\">>},[],[],<<\"m\">>,"
      "<<\"380670001234_1\">>,<<\"380670002234_2\">>,1,[{'Desc',<<\"d\">>,<<\"text\">>,"
      "<<\"hello\">>,0,[],[]}],[],[],[],sent}",
      "p2p/380670001234_1/380670002234_2");
  EXPECT_EQ(ToPlainLine(received), "p2p/380670001234_1/380670002234_2  #7 380670001234_1: hello");
}

TEST(PeersTest, DigitsAreAPhoneDigitsUnderscoreDigitsAPhoneIdAndTheRestARoom) {
  EXPECT_EQ(KindOf("380670001234"), PeerKind::kPhone);
  EXPECT_EQ(KindOf("+380670001234"), PeerKind::kPhone);
  EXPECT_EQ(KindOf("380670001234_17"), PeerKind::kPhoneId);
  for (const char* room : {"lobby", "1234", "1234567890123456", "380670001234_", "_17", "a_1", "+",
                           "", "380670001234_1x"}) {
    EXPECT_EQ(KindOf(room), PeerKind::kRoom) << room;
  }
  EXPECT_EQ(PhoneOf("+380670001234"), "380670001234");
}

TEST(PeersTest, TheHalvesOfAFeedStandInByteOrder) {
  v1::Message message;
  SetFeed(Peer{"9_1", "10_2"}, &message);
  EXPECT_EQ(message.p2p().from(), "10_2");
  EXPECT_EQ(message.p2p().to(), "9_1");
}

}  // namespace
}  // namespace chat::cli
