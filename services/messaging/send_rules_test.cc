#include "services/messaging/send_rules.h"

#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"

namespace chat::messaging {
namespace {

constexpr char kAnna[] = "380670001234_12525";
constexpr char kPetro[] = "380670002234_12334";

v1::Caller Anna() {
  v1::Caller caller;
  caller.set_account_id(7);
  caller.set_session_id(3);
  caller.set_epoch(5);
  caller.set_client_id("emqttd_9F3C");
  auto* own = caller.add_rosters();
  own->set_id(12525);
  own->set_phone_id(kAnna);
  own = caller.add_rosters();
  own->set_id(12526);
  own->set_phone_id("380670001234_12526");
  return caller;
}

v1::Message Hello() {
  v1::Message message;
  message.set_from(kAnna);
  message.set_to(kPetro);
  message.set_msg_id("m1");
  message.add_files()->set_payload("Hello");
  message.set_status(v1::Message::CLIENT);
  return message;
}

v1::ErrorCode RefusalOf(const v1::Message& message, const v1::Caller& caller = Anna()) {
  auto send = CheckSend(caller, message);
  if (send.ok()) return v1::ERROR_CODE_UNSET;
  return rpc::RefusalOf(send.status()).value_or(v1::ERROR_CODE_UNSET);
}

TEST(SendRulesTest, ToAloneNamesTheFeed) {
  auto send = CheckSend(Anna(), Hello());
  ASSERT_TRUE(send.ok()) << send.status();
  EXPECT_EQ(send->account.value, 7);
  EXPECT_EQ(send->author.value, 12525);
  EXPECT_EQ(send->peer, kPetro);
  EXPECT_EQ(send->feed, std::string("p2p/") + kAnna + "/" + kPetro);
  EXPECT_EQ(send->msg_id, "m1");
  EXPECT_EQ(send->dup_key, "");
}

TEST(SendRulesTest, AFeedInTheWrongOrderIsPutRightAndGivesTo) {
  v1::Message message = Hello();
  message.clear_to();
  message.mutable_p2p()->set_from(kPetro);
  message.mutable_p2p()->set_to(kAnna);
  auto send = CheckSend(Anna(), message);
  ASSERT_TRUE(send.ok()) << send.status();
  EXPECT_EQ(send->peer, kPetro);
  EXPECT_EQ(send->feed, CheckSend(Anna(), Hello())->feed);
}

TEST(SendRulesTest, WithoutFromTheFirstRosterIsTheAuthor) {
  v1::Message message = Hello();
  message.clear_from();
  EXPECT_EQ(CheckSend(Anna(), message)->author.value, 12525);
  v1::Caller nobody = Anna();
  nobody.clear_rosters();
  EXPECT_EQ(RefusalOf(message, nobody), v1::PERMISSION_DENIED);
}

TEST(SendRulesTest, SomebodyElsesFromIsDenied) {
  v1::Message message = Hello();
  message.set_from(kPetro);
  message.set_to(kAnna);
  EXPECT_EQ(RefusalOf(message), v1::PERMISSION_DENIED);
}

TEST(SendRulesTest, AFeedThatDisagreesIsInvalid) {
  v1::Message without_from = Hello();
  without_from.mutable_p2p()->set_from(kPetro);
  without_from.mutable_p2p()->set_to("380670003234_1");
  EXPECT_EQ(RefusalOf(without_from), v1::INVALID_DATA);

  v1::Message other_to = Hello();
  other_to.mutable_p2p()->set_from(kAnna);
  other_to.mutable_p2p()->set_to("380670003234_1");
  EXPECT_EQ(RefusalOf(other_to), v1::INVALID_DATA);

  v1::Message other_room = Hello();
  other_room.mutable_muc()->set_name("lobby");
  EXPECT_EQ(RefusalOf(other_room), v1::INVALID_DATA);

  v1::Message nowhere = Hello();
  nowhere.clear_to();
  EXPECT_EQ(RefusalOf(nowhere), v1::INVALID_DATA);
}

TEST(SendRulesTest, EmptyFilesAreInvalidBeforeThePeerIsJudged) {
  v1::Message message = Hello();
  message.clear_files();
  message.set_to("nobody");
  EXPECT_EQ(RefusalOf(message), v1::INVALID_DATA);
  message.add_files()->set_id("d1");
  EXPECT_EQ(RefusalOf(message), v1::INVALID_DATA);
}

TEST(SendRulesTest, APeerThatIsNeitherPersonNorRoomIsDenied) {
  v1::Message message = Hello();
  message.set_to("a/b");
  EXPECT_EQ(RefusalOf(message), v1::PERMISSION_DENIED);
  message.set_to("\xff");
  EXPECT_EQ(RefusalOf(message), v1::PERMISSION_DENIED);
  message.clear_to();
  message.mutable_muc()->set_name(kPetro);
  EXPECT_EQ(RefusalOf(message), v1::PERMISSION_DENIED);
}

TEST(SendRulesTest, ARoomIsNamedByToOrByTheFeed) {
  v1::Message message = Hello();
  message.set_to("team");
  EXPECT_EQ(CheckSend(Anna(), message)->feed, "room/team");
  message.clear_to();
  message.mutable_muc()->set_name("team");
  EXPECT_EQ(CheckSend(Anna(), message)->peer, "team");
}

TEST(SendRulesTest, TheSelfChatIsAllowed) {
  v1::Message message = Hello();
  message.set_to(kAnna);
  message.mutable_p2p()->set_from(kAnna);
  message.mutable_p2p()->set_to(kAnna);
  EXPECT_EQ(CheckSend(Anna(), message)->peer, kAnna);
}

TEST(SendRulesTest, OnlyWhatTheAuthorWroteIsInTheBody) {
  v1::Message message = Hello();
  message.set_id(5);
  message.set_prev(4);
  message.add_seenby(-1);
  message.set_type("reply");
  message.set_edit_msg(20782);
  v1::Message body;
  ASSERT_TRUE(body.ParseFromString(CheckSend(Anna(), message)->body));
  EXPECT_FALSE(body.has_id());
  EXPECT_FALSE(body.has_prev());
  EXPECT_EQ(body.seenby_size(), 0);
  EXPECT_EQ(body.type(), "reply");
  EXPECT_EQ(body.edit_msg(), 20782);
  EXPECT_EQ(body.msg_id(), "m1");
  EXPECT_EQ(body.files(0).payload(), "Hello");
}

TEST(SendRulesTest, WithoutMsgIdThePacketIsTheKey) {
  v1::Message message = Hello();
  message.clear_msg_id();
  v1::Caller first = Anna();
  first.mutable_packet()->set_id(9);
  first.mutable_packet()->set_hash("0123456789abcdef");
  auto sent = CheckSend(first, message);
  EXPECT_FALSE(sent->dup_key.empty());
  EXPECT_FALSE(sent->dup_find.has_value());

  v1::Caller again = first;
  again.mutable_packet()->set_dup(true);
  EXPECT_EQ(CheckSend(again, message)->dup_find, sent->dup_key);
  again.set_epoch(6);  // after a reconnect
  EXPECT_EQ(CheckSend(again, message)->dup_before, sent->dup_key);
  again.set_epoch(7);
  EXPECT_NE(CheckSend(again, message)->dup_before, sent->dup_key);
  again.set_epoch(5);
  again.mutable_packet()->set_id(10);
  EXPECT_NE(CheckSend(again, message)->dup_find, sent->dup_key);

  EXPECT_EQ(CheckSend(first, Hello())->dup_key, "");  // msg_id is the key there
}

}  // namespace
}  // namespace chat::messaging
