#include "services/messaging/render.h"

#include <gtest/gtest.h>

namespace chat::messaging {
namespace {

MessageRow Row() {
  MessageRow row;
  row.id = row.position = 20833;
  row.previous = 20800;
  row.prev = 20782;
  row.feed.value = 4;
  row.created_ms = 1512993600123;
  row.committed_ms = 1512993600125;
  row.status = v1::Message::SENT;
  v1::Message body;
  body.set_msg_id("m1");
  body.add_files()->set_payload("Hello");
  row.body = body.SerializeAsString();
  row.from = "380670002234_12334";
  row.to = "380670001234_12525";
  row.from_account.value = 2;
  row.to_account.value = 1;
  return row;
}

TEST(RenderTest, TheSmallerPhoneIdIsLeftWhoeverWrote) {
  Announced announced = RenderEvent(Row());
  EXPECT_EQ(announced.event.topic(), "p2p/380670001234_12525/380670002234_12334");
  const v1::Message& message = announced.event.record().message();
  EXPECT_EQ(message.p2p().from(), "380670001234_12525");
  EXPECT_EQ(message.from(), "380670002234_12334");
  EXPECT_EQ(message.to(), "380670001234_12525");
  EXPECT_EQ(message.id(), 20833);
  EXPECT_EQ(message.prev(), 20782);
  EXPECT_FALSE(message.has_next());
  EXPECT_EQ(message.status(), v1::Message::SENT);
  EXPECT_EQ(announced.event.position(), 20833);
  EXPECT_EQ(announced.event.previous(), 20800);
  EXPECT_EQ(announced.event.qos(), 2u);
  EXPECT_EQ(announced.to.size(), 2u);
}

TEST(RenderTest, HalvesAreOrderedAsBytesNotAsNumbers) {
  v1::P2p pair = SortedPair("8613777322455_518", "12566018988_449");
  EXPECT_EQ(pair.from(), "12566018988_449");
  pair = SortedPair("38067000123_9", "380670001234_1");  // `_` is greater than a digit
  EXPECT_EQ(pair.from(), "380670001234_1");
}

TEST(RenderTest, TheFirstMessageHasNoPrevAndASelfChatOneReceiver) {
  MessageRow row = Row();
  row.prev = 0;
  row.to = row.from;
  row.to_account = row.from_account;
  Announced announced = RenderEvent(row);
  EXPECT_FALSE(announced.event.record().message().has_prev());
  EXPECT_EQ(announced.to.size(), 1u);
}

TEST(RenderTest, AnEditedMessageIsAnEditAndToThoseWhoNeverHadItTheMessage) {
  MessageRow row = Row();
  row.position = 20900;
  row.edited = true;
  v1::Event event = RenderEvent(row).event;
  EXPECT_EQ(event.position(), 20900);
  EXPECT_EQ(event.first(), 20833);
  EXPECT_EQ(event.record().message().status(), v1::Message::EDIT);
  EXPECT_EQ(event.record().message().edit_msg(), 20833);
  EXPECT_EQ(event.unseen().message().SerializeAsString(), RenderMessage(row).SerializeAsString());
  EXPECT_EQ(event.unseen().message().status(), v1::Message::SENT);
  EXPECT_FALSE(RenderEvent(Row()).event.has_unseen());
}

TEST(RenderTest, ANoticeGoesToThePhonesTopic) {
  NoticeRow row;
  row.position = 9;
  row.accounts = {AccountId{1}};
  row.topic = "ses/380670001234";
  row.rosters_changed = true;
  v1::Record record;
  record.mutable_contact()->set_phone_id("380670002234_12334");
  row.record = record.SerializeAsString();
  Announced announced = RenderEvent(row);
  EXPECT_EQ(announced.event.topic(), "ses/380670001234");
  EXPECT_TRUE(announced.event.change().rosters());
  EXPECT_EQ(announced.event.record().contact().phone_id(), "380670002234_12334");
}

}  // namespace
}  // namespace chat::messaging
