// The rules without a database: who may ask, what ids and lists mean, what becomes of a room.
#include "services/room/room_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"
#include "services/room/listing.h"
#include "services/room/room_id.h"
#include "services/room/room_news.h"
#include "services/room/room_records.h"

namespace chat::room {
namespace {

using ::testing::ElementsAre;
using V = v1::Room;

constexpr Limits kLimits = {
    .full_list = 4, .group = 5, .channel = 6, .bans = 2, .rooms_per_roster = 3, .room_bytes = 1000};

MemberRow Row(int64_t roster, bool admin = false) {
  MemberRow row;
  row.id = {roster + 100};
  row.roster = {roster};
  row.account = {roster + 1000};
  row.admin = admin;
  return row;
}

Named Friend(int64_t roster, bool admin = false) {
  return {std::to_string(roster), admin, true, true, {{roster}, {roster + 1000}}};
}

// Roster 1 is the admin who asks; 2 and 3 are members.
LockedRoom Locked(std::vector<int64_t> named_members = {}) {
  LockedRoom room;
  room.room.members = 3;
  room.room.admins = 1;
  room.actor = Row(1, true);
  for (const int64_t roster : named_members) room.named.push_back(Row(roster, roster == 1));
  return room;
}

Asked Ask(V::Status verb, std::vector<Named> named = {}) {
  Asked asked;
  asked.verb = verb;
  asked.by = {{1}, {1001}};
  asked.named = std::move(named);
  return asked;
}

std::string Outcome(const absl::Status& status) {
  if (status.ok()) return "ok";
  if (absl::IsResourceExhausted(status)) return std::string(status.message());
  return v1::ErrorCode_Name(rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET));
}

std::string Outcome(const Asked& asked, const LockedRoom& room) {
  return Outcome(Decide(asked, room, kLimits).status());
}

TEST(RoomRulesTest, WhoMayAsk) {
  const MemberRow admin = Row(1, true), member = Row(2);
  struct Case {
    V::Status verb;
    bool lists, stranger, member;  // who of them may; an admin always may
  };
  for (const Case& c : std::initializer_list<Case>{{V::GET, false, false, true},
                                                   {V::PATCH, false, false, false},
                                                   {V::ADD, true, false, false},
                                                   {V::JOIN, true, false, false},
                                                   {V::JOIN, false, true, true},
                                                   {V::REMOVE, true, false, false},
                                                   {V::LEAVE, true, false, false},
                                                   {V::LEAVE, false, false, true},
                                                   {V::BAN, true, false, false},
                                                   {V::UNBAN, true, false, false},
                                                   {V::MUTE, true, false, false},
                                                   {V::MUTE, false, false, true},
                                                   {V::UNMUTE, true, false, false},
                                                   {V::UNMUTE, false, false, true},
                                                   {V::DELETE, false, false, false}}) {
    SCOPED_TRACE(V::Status_Name(c.verb) + (c.lists ? " with lists" : ""));
    EXPECT_EQ(Outcome(MayAsk(c.verb, c.lists, &admin)), "ok");
    EXPECT_EQ(Outcome(MayAsk(c.verb, c.lists, &member)), c.member ? "ok" : "PERMISSION_DENIED");
    EXPECT_EQ(Outcome(MayAsk(c.verb, c.lists, nullptr)), c.stranger ? "ok" : "PERMISSION_DENIED");
  }
}

TEST(RoomRulesTest, AddingChecksInTheOrderOfTheTable) {
  Named unknown = Friend(9), stranger = Friend(8);
  unknown.known = false;
  stranger.is_friend = false;
  EXPECT_EQ(Outcome(Ask(V::ADD), Locked()), "INVALID_DATA");
  EXPECT_EQ(Outcome(Ask(V::ADD, {stranger, unknown}), Locked()), "INVALID_DATA");
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4), stranger}), Locked()), "PERMISSION_DENIED");
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4), Friend(5)}), Locked()), "ok");
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4), Friend(5), Friend(6)}), Locked()), "group_limit");
  LockedRoom channel = Locked();
  channel.room.channel = true;
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4), Friend(5), Friend(6)}), channel), "ok");
  LockedRoom barred = Locked();
  barred.barred = {{4}};
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4)}), barred), "PERMISSION_DENIED");
  LockedRoom full = Locked();
  full.full = {{4}};
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(4)}), full), "rooms_per_roster");
}

TEST(RoomRulesTest, AddingOverTheLimitChangesRolesAllTheSame) {
  LockedRoom room = Locked({2});
  room.room.members = 9;
  const auto write = Decide(Ask(V::ADD, {Friend(2, true)}), room, kLimits);
  ASSERT_TRUE(write.ok());
  EXPECT_THAT(write->promoted, ElementsAre(RosterId{2}));
  EXPECT_TRUE(write->joined.empty());
}

TEST(RoomRulesTest, ARoomWithMembersKeepsAnAdmin) {
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(1)}), Locked({1})), "PERMISSION_DENIED");
  EXPECT_EQ(Outcome(Ask(V::ADD, {Friend(1), Friend(2, true)}), Locked({1, 2})), "ok");
  EXPECT_EQ(Outcome(Ask(V::REMOVE, {Friend(1)}), Locked({1})), "PERMISSION_DENIED");
  EXPECT_EQ(Outcome(Ask(V::LEAVE), Locked()), "PERMISSION_DENIED");
  const auto all =
      Decide(Ask(V::REMOVE, {Friend(1), Friend(2), Friend(3)}), Locked({1, 2, 3}), kLimits);
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all->deleted);
  LockedRoom alone = Locked();
  alone.room.members = 1;
  const auto last = Decide(Ask(V::LEAVE), alone, kLimits);
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last->deleted);
}

TEST(RoomRulesTest, BansHaveALimitThatCountsEachOnce) {
  LockedRoom room = Locked();
  room.bans = 1;
  EXPECT_EQ(Outcome(Ask(V::BAN, {Friend(4)}), room), "ok");
  EXPECT_EQ(Outcome(Ask(V::BAN, {Friend(4), Friend(5)}), room), "bans_limit");
  room.barred = {{4}};
  EXPECT_EQ(Outcome(Ask(V::BAN, {Friend(4), Friend(5)}), room), "ok");
}

TEST(RoomRulesTest, UnbanningNeedsAPhoneIdButNoRoster) {
  Named gone = Friend(9);
  gone.known = false;
  EXPECT_EQ(Outcome(Ask(V::UNBAN, {gone}), Locked()), "ok");
  gone.who = {};
  EXPECT_EQ(Outcome(Ask(V::UNBAN, {gone}), Locked()), "INVALID_DATA");
}

TEST(RoomRulesTest, WhoGoesForEverLeavesAnAdminBehind) {
  LockedRoom room = Locked({1});
  room.actor.reset();
  room.eldest = Row(2);
  const RoomWrite write = DecideRemoval(room);
  EXPECT_THAT(write.gone, ElementsAre(RosterId{1}));
  EXPECT_THAT(write.promoted, ElementsAre(RosterId{2}));
  EXPECT_FALSE(write.deleted);
  room.room.admins = 2;
  EXPECT_TRUE(DecideRemoval(room).promoted.empty());
  room.eldest.reset();
  EXPECT_TRUE(DecideRemoval(room).deleted);
}

TEST(RoomRulesTest, TermsAreDatedWhenTheyChange) {
  LockedRoom room = Locked();
  room.now_ms = 77;
  Asked asked = Ask(V::PATCH);
  asked.written.set_tos("v1");
  auto write = Decide(asked, room, kLimits);
  ASSERT_TRUE(write.ok());
  EXPECT_EQ(write->rewritten->content.tos_update(), 77);
  room.room.content = write->rewritten->content;
  room.now_ms = 88;
  write = Decide(asked, room, kLimits);
  EXPECT_EQ(write->rewritten->content.tos_update(), 77);
  asked.written.set_tos("");
  write = Decide(asked, room, kLimits);
  EXPECT_FALSE(write->rewritten->content.has_tos());
  EXPECT_EQ(write->rewritten->content.tos_update(), 88);
}

TEST(RoomRulesTest, AMemberWritesItsOwnFieldsAndNoMute) {
  LockedRoom room = Locked();
  room.room.name_id = "r";
  room.actor->own.set_alias("old");
  room.actor->own.set_names("Olena");
  v1::Member request;
  request.set_alias("");
  request.set_email("o@example.org");
  request.add_settings()->set_id("r_MUTE");
  request.add_settings()->set_id("colour");
  const auto write = DecidePatch(request, room, kLimits);
  ASSERT_TRUE(write.ok());
  EXPECT_FALSE(write->own->has_alias());
  EXPECT_EQ(write->own->names(), "Olena");
  EXPECT_EQ(write->own->email(), "o@example.org");
  ASSERT_EQ(write->own->settings_size(), 1);
  EXPECT_EQ(write->own->settings(0).id(), "colour");
  request.mutable_settings(1)->set_value(std::string(1000, 'v'));
  EXPECT_EQ(Outcome(DecidePatch(request, room, kLimits).status()), "room_bytes");
  room.actor.reset();
  EXPECT_EQ(Outcome(DecidePatch(request, room, kLimits).status()), "PERMISSION_DENIED");
}

TEST(RoomRecordsTest, ARoomIsBoundByShowingLess) {
  V room;
  v1::Member& member = *room.add_members();
  member.set_id(1);
  member.set_phone_id("p");
  member.set_names(std::string(1000, 'n'));
  room.set_description("d");
  room.add_data()->set_payload(std::string(500, 'd'));
  Bound(2000, &room);
  EXPECT_TRUE(room.members(0).has_names());
  Bound(1000, &room);
  EXPECT_FALSE(room.members(0).has_names());
  EXPECT_EQ(room.members(0).phone_id(), "p");
  EXPECT_EQ(room.data_size(), 1);
  Bound(100, &room);
  EXPECT_EQ(room.data_size(), 0);
  EXPECT_EQ(room.description(), "d");
}

TEST(RoomIdTest, AnInventedOneIsGood) {
  EXPECT_TRUE(IsRoomId(InventRoomId()));
  EXPECT_NE(InventRoomId(), InventRoomId());
}

TEST(ListingTest, EachIsListedOnceAndAdminWins) {
  V request;
  request.add_members()->set_phone_id("a");
  request.add_members()->set_phone_id("b");
  request.add_members()->set_phone_id("a");
  request.add_admins()->set_phone_id("b");
  request.mutable_admins(0)->set_status(v1::Member::MEMBER);
  request.set_status(V::ADD);
  const std::vector<Listed> listed = ListedIn(request);
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0].phone_id, "a");
  EXPECT_FALSE(listed[0].admin);
  EXPECT_TRUE(listed[1].admin) << "members are given, so the list says the role";
}

TEST(ListingTest, WithoutMembersTheStatusOfAnEntrySaysItsRole) {
  V request;
  for (const char* id : {"member", "admin", "unset"}) request.add_admins()->set_phone_id(id);
  request.mutable_admins(0)->set_status(v1::Member::MEMBER);
  request.mutable_admins(1)->set_status(v1::Member::ADMIN);
  request.set_status(V::ADD);
  std::vector<Listed> listed = ListedIn(request);
  EXPECT_FALSE(listed[0].admin);
  EXPECT_TRUE(listed[1].admin);
  EXPECT_TRUE(listed[2].admin);
  request.set_status(V::CREATE);
  listed = ListedIn(request);
  EXPECT_TRUE(listed[0].admin);
}

TEST(RoomNewsTest, TwentyIdsAreNamedAndTheRestCounted) {
  EXPECT_EQ(NameIds({"a"}), "a");
  EXPECT_EQ(NameIds({"a", "b"}), "a, b");
  std::vector<std::string> ids(20, "x");
  EXPECT_EQ(NameIds(ids).find("more"), std::string::npos);
  ids.resize(25, "y");
  EXPECT_TRUE(NameIds(ids).ends_with(", x and 5 more")) << NameIds(ids);
}

}  // namespace
}  // namespace chat::room
