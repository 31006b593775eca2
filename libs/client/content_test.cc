#include "libs/client/content.h"

#include <gtest/gtest.h>

#include "chat/v1/records.pb.h"
#include "libs/bert/encode.h"
#include "libs/bert/text.h"
#include "libs/client/failure.h"
#include "libs/client/request.h"

namespace chat::client {
namespace {

absl::StatusOr<Content> ReadErlang(std::string_view text) {
  auto term = bert::ParseErlangText(text);
  EXPECT_TRUE(term.ok());
  return ReadContent(bert::Encode(term.term()));
}

TEST(ContentTest, ARecordIsReadByItsName) {
  const auto content = ReadErlang("{'Typing',<<\"380670001234_1\">>,<<\"lobby\">>}");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->record_name(), "Typing");
  ASSERT_NE(content->As<v1::Typing>(), nullptr);
  EXPECT_EQ(content->As<v1::Typing>()->room(), "lobby");
  EXPECT_EQ(content->As<v1::Message>(), nullptr);
}

TEST(ContentTest, ATermThatIsNoRecordIsStillATerm) {
  const auto content = ReadErlang("{some,thing}");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->record_name(), "");
  EXPECT_EQ(content->misfit, "");
  EXPECT_EQ(content->As<v1::Typing>(), nullptr);
}

TEST(ContentTest, AMisfitSaysWhatIsWrong) {
  const auto content = ReadErlang("{'Typing',1}");
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->record_name(), "");
  EXPECT_NE(content->misfit.find("Typing"), std::string::npos) << content->misfit;
}

TEST(ContentTest, AMalformedPayloadIsAProtocolFailure) {
  EXPECT_EQ(FailureOf(ReadContent("").status()), Failure::kProtocol);
  EXPECT_EQ(FailureOf(ReadContent("\x83").status()), Failure::kProtocol);
}

TEST(ContentTest, APayloadThatIsWrittenReadsBack) {
  v1::Typing typing;
  typing.set_author("380670001234_1");
  typing.set_room("lobby");
  const auto content = ReadContent(Payload(typing));
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(bert::ToErlangText(content->term), "{'Typing',<<\"380670001234_1\">>,<<\"lobby\">>}");
}

TEST(ContentTest, TheReplyTopicNamesModuleAndClient) {
  EXPECT_EQ(ReplyTopic("emqttd_1"), "actions/1/api/emqttd_1");
}

}  // namespace
}  // namespace chat::client
