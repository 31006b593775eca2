#include "services/messaging/edit_rules.h"

#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"

namespace chat::messaging {
namespace {

using Kind = AskedEdit::Kind;

v1::Caller CallerOf(std::initializer_list<int64_t> rosters) {
  v1::Caller caller;
  for (int64_t id : rosters) {
    auto* own = caller.add_rosters();
    own->set_id(id);
    own->set_phone_id("380670000000_" + std::to_string(id));
  }
  return caller;
}

v1::Message Asked(int64_t id, const std::string& text = "") {
  v1::Message request;
  request.set_id(id);
  if (!text.empty()) request.add_files()->set_payload(text);
  return request;
}

// Between 1 and 2, written by 1.
StoredMessage Stored(v1::Message::Status status = v1::Message::SENT) {
  StoredMessage stored;
  stored.author.value = 1;
  stored.own = {{RosterId{1}}, {RosterId{2}}};
  stored.row.id = stored.row.position = 7;
  stored.row.status = status;
  stored.row.from = "380670000000_1";
  stored.row.to = "380670000000_2";
  v1::Message body;
  body.set_msg_id("m");
  body.set_type("reply");
  body.set_edit_msg(3);
  body.add_files()->set_payload("old");
  stored.row.body = body.SerializeAsString();
  return stored;
}

std::optional<v1::ErrorCode> Refusal(const v1::Caller& caller, Kind kind,
                                     const StoredMessage& stored) {
  return rpc::RefusalOf(CheckEditor(caller, Asked(7), kind, stored).status());
}

TEST(EditRulesTest, FilesMakeAnEditAndSeenbySaysForWhomItIsRemoved) {
  EXPECT_EQ(CheckEdit(Asked(7, "new"))->kind, Kind::kEdit);
  EXPECT_EQ(CheckEdit(Asked(7))->kind, Kind::kRemoveForAll);
  v1::Message all = Asked(7), me = Asked(7), both = Asked(7);
  all.add_seenby(-1);
  me.add_seenby(1);
  both.add_seenby(-1);
  both.add_seenby(1);
  EXPECT_EQ(CheckEdit(all)->kind, Kind::kRemoveForAll);
  EXPECT_EQ(CheckEdit(me)->kind, Kind::kRemoveForMe);
  EXPECT_EQ(CheckEdit(both)->kind, Kind::kRemoveForMe);
}

TEST(EditRulesTest, TheIdMayStandInEditMsg) {
  v1::Message request;
  EXPECT_EQ(rpc::RefusalOf(CheckEdit(request).status()), v1::INVALID_DATA);
  request.set_edit_msg(9);
  EXPECT_EQ(CheckEdit(request)->id, 9);
  request.set_id(7);
  EXPECT_EQ(CheckEdit(request)->id, 7);
  EXPECT_EQ(rpc::RefusalOf(CheckEdit(Asked(-7)).status()), v1::INVALID_DATA);
}

TEST(EditRulesTest, AnEmptyPayloadIsNoEdit) {
  v1::Message request = Asked(7, "new");
  request.add_files();
  EXPECT_EQ(rpc::RefusalOf(CheckEdit(request).status()), v1::INVALID_DATA);
}

TEST(EditRulesTest, OnlyTheAuthorChangesItForAllAndAnyHalfForItself) {
  for (Kind kind : {Kind::kEdit, Kind::kRemoveForAll}) {
    EXPECT_EQ(Refusal(CallerOf({1}), kind, Stored()), std::nullopt);
    EXPECT_EQ(Refusal(CallerOf({2}), kind, Stored()), v1::PERMISSION_DENIED);
  }
  EXPECT_EQ(Refusal(CallerOf({2}), Kind::kRemoveForMe, Stored()), std::nullopt);
  for (Kind kind : {Kind::kEdit, Kind::kRemoveForAll, Kind::kRemoveForMe}) {
    EXPECT_EQ(Refusal(CallerOf({3}), kind, Stored()), v1::PERMISSION_DENIED);
    EXPECT_EQ(Refusal(CallerOf({}), kind, Stored()), v1::PERMISSION_DENIED);
    EXPECT_EQ(Refusal(CallerOf({1}), kind, Stored(v1::Message::MUC)), v1::PERMISSION_DENIED);
    EXPECT_EQ(Refusal(CallerOf({1}), kind, Stored(v1::Message::DELETED)), v1::INVALID_DATA);
  }
  EXPECT_EQ(Refusal(CallerOf({1}), Kind::kEdit, Stored(v1::Message::LINK)), v1::INVALID_DATA);
}

TEST(EditRulesTest, OfTwoOwnHalvesItIsTheAuthorUnlessFromSaysOtherwise) {
  v1::Message request = Asked(7);
  EXPECT_EQ(CheckEditor(CallerOf({2, 1}), request, Kind::kEdit, Stored())->id(), 1);
  request.set_from("380670000000_2");
  EXPECT_EQ(CheckEditor(CallerOf({2, 1}), request, Kind::kRemoveForMe, Stored())->id(), 2);
  EXPECT_EQ(rpc::RefusalOf(CheckEditor(CallerOf({2, 1}), request, Kind::kEdit, Stored()).status()),
            v1::PERMISSION_DENIED);
}

TEST(EditRulesTest, AnEditReplacesFilesAndAGivenTypeAndKeepsTheRest) {
  MessageRow row = Edited(Asked(7, "new"), Kind::kEdit, Stored().row);
  v1::Message body;
  body.ParseFromString(row.body);
  ASSERT_EQ(body.files_size(), 1);
  EXPECT_EQ(body.files(0).payload(), "new");
  EXPECT_EQ(body.msg_id(), "m");
  EXPECT_EQ(body.type(), "reply");
  EXPECT_EQ(body.edit_msg(), 3);
  EXPECT_EQ(row.status, v1::Message::SENT);
  EXPECT_TRUE(row.edited);
  v1::Message typed = Asked(7, "new");
  typed.set_type("forward");
  body.ParseFromString(Edited(typed, Kind::kEdit, Stored().row).body);
  EXPECT_EQ(body.type(), "forward");
}

TEST(EditRulesTest, OnlyTheAuthorCompletesAndOnlyAnOpenUpload) {
  v1::Message request = Asked(7, "done");
  request.add_files()->set_id("kept as it is");
  ASSERT_TRUE(CheckComplete(request).ok());
  EXPECT_EQ(rpc::RefusalOf(CheckComplete(Asked(7)).status()), v1::INVALID_DATA);
  EXPECT_EQ(rpc::RefusalOf(CheckComplete(Asked(0, "done")).status()), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(CallerOf({1}), Kind::kComplete, Stored(v1::Message::LINK)), std::nullopt);
  EXPECT_EQ(Refusal(CallerOf({2}), Kind::kComplete, Stored(v1::Message::LINK)),
            v1::PERMISSION_DENIED);
  for (auto status : {v1::Message::SENT, v1::Message::DELETED}) {
    EXPECT_EQ(Refusal(CallerOf({1}), Kind::kComplete, Stored(status)), v1::INVALID_DATA);
  }
  MessageRow row = Edited(request, Kind::kComplete, Stored(v1::Message::LINK).row);
  EXPECT_EQ(row.status, v1::Message::SENT);
  EXPECT_FALSE(row.edited);
  v1::Message body;
  body.ParseFromString(row.body);
  EXPECT_EQ(body.files_size(), 2);
}

TEST(EditRulesTest, ARemovalLeavesNoFiles) {
  MessageRow row = Edited(Asked(7), Kind::kRemoveForAll, Stored().row);
  v1::Message body;
  body.ParseFromString(row.body);
  EXPECT_EQ(body.files_size(), 0);
  EXPECT_EQ(body.seenby(0), -1);
  EXPECT_EQ(row.status, v1::Message::DELETED);
  v1::Message me = Asked(7);
  me.add_seenby(2);
  v1::Message told = RemovedForMe(me, Stored().row);
  EXPECT_EQ(told.files_size(), 0);
  EXPECT_EQ(told.seenby(0), 2);
  EXPECT_EQ(told.edit_msg(), 7);
  EXPECT_EQ(told.status(), v1::Message::EDIT);
}

}  // namespace
}  // namespace chat::messaging
