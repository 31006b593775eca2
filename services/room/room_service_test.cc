// Every RPC of 5.7: what is answered, what messaging is told and in which order, what is refused.
#include "services/room/room_service.h"

#include <gmock/gmock.h>

#include "services/room/room_fixture.h"

namespace chat::room {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using V = v1::Room;

std::string N(const Somebody& who) { return std::to_string(who.roster.value); }

class RoomServiceTest : public RoomFixture {
 protected:
  v1::ErrorCode Refusal(const absl::Status& status) {
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(reply_.records(), IsEmpty());
    EXPECT_THAT(Heard(), IsEmpty());
    return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
  }
  // Friends of each other as far as `a` is concerned.
  Somebody a = directory_.Add("Anna"), b = directory_.Add("Bert"), c = directory_.Add("Carl"),
           d = directory_.Add("Dora"), e = directory_.Add("Emil"), f = directory_.Add("Fred"),
           stranger = directory_.Add("Zoe");

  RoomServiceTest() {
    for (const Somebody& other : {b, c, d, e, f}) directory_.Befriend(a, other);
  }
  v1::Room Create(const std::vector<Somebody>& members = {},
                  const std::vector<Somebody>& admins = {}) {
    v1::Room request = Request(V::CREATE, "", members, admins);
    request.clear_id();
    request.set_name("Kitchen");
    return request;
  }
};

TEST_F(RoomServiceTest, CreatingTellsTheOthersFirstAndAnswersTheWholeRoom) {
  v1::Room request = Create({b, b}, {c, a});
  request.set_description("plans");
  request.set_tos("be nice");
  request.add_settings()->set_key("LANGUAGE");
  request.add_data()->set_id("avatar");
  ASSERT_EQ(Ask(a, request), absl::OkStatus());
  const std::string all = "members=[" + N(b) + "] admins=[" + N(a) + "," + N(c) + "]";
  EXPECT_THAT(
      Heard(),
      ElementsAre("group v1 set " + N(a) + "a " + N(b) + " " + N(c) + "a",
                  "to " + N(b) + ": room create " + all, "to " + N(c) + ": room create " + all,
                  "group v2 | join by " + N(a) + ": " + N(a) + " created the group"));
  const v1::Room room = reply_.records(0).room();
  EXPECT_EQ(Listing(room), all);
  EXPECT_EQ(room.status(), V::CREATE);
  EXPECT_THAT(room.id(), testing::MatchesRegex("[0-9a-f]{16}"));
  EXPECT_EQ(room.name(), "Kitchen");
  EXPECT_EQ(room.description(), "plans");
  EXPECT_EQ(room.type(), v1::Room::GROUP);
  EXPECT_EQ(room.settings(0).key(), "LANGUAGE");
  EXPECT_EQ(room.data(0).id(), "avatar");
  EXPECT_EQ(room.tos(), "be nice");
  EXPECT_GT(room.created(), 1'600'000'000'000);
  EXPECT_NEAR(room.tos_update(), room.created(), 1000);
  EXPECT_NEAR(room.update(), room.created(), 1000);
  EXPECT_EQ(room.unread(), 1);
  EXPECT_EQ(room.last_msg().msg_id(), "last");
  const v1::Member& own = room.admins(0);
  EXPECT_GT(own.id(), 0);
  EXPECT_EQ(own.muc().name(), room.id());
  EXPECT_EQ(own.names(), "Anna");
  EXPECT_EQ(own.surnames(), "Of Anna");
  EXPECT_EQ(own.reader(), a.roster.value);
  EXPECT_EQ(own.status(), v1::Member::ADMIN);
  EXPECT_EQ(room.members(0).status(), v1::Member::MEMBER);
  EXPECT_EQ(room.members(0).reader(), 0);
  EXPECT_EQ(own.next(), room.members(0).id());
  EXPECT_EQ(room.members(0).prev(), own.id());
  EXPECT_FALSE(own.has_prev());
  EXPECT_EQ(room.members(0).presence(), b.roster.value % 2 == 0 ? v1::ONLINE : v1::OFFLINE);
}

TEST_F(RoomServiceTest, ARoomIdIsTakenAsGivenOnceAndNeverAgain) {
  v1::Room request = Create();
  request.set_id("кухня:1");
  ASSERT_EQ(Ask(a, request), absl::OkStatus());
  EXPECT_EQ(reply_.records(0).room().id(), "кухня:1");
  Heard();
  EXPECT_EQ(Refusal(Ask(a, request)), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(b, request)), v1::INVALID_DATA);
  ASSERT_EQ(Ask(a, Request(V::DELETE, "кухня:1")), absl::OkStatus());
  Heard();
  EXPECT_EQ(Refusal(Ask(a, request)), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(a, Request(V::GET, "кухня:1"))), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, CreatingIsRefusedWithoutNameWithABadIdOrAStranger) {
  v1::Room nameless = Create();
  nameless.set_name("");
  EXPECT_EQ(Refusal(Ask(a, nameless)), v1::INVALID_DATA);
  nameless.clear_name();
  EXPECT_EQ(Refusal(Ask(a, nameless)), v1::INVALID_DATA);
  for (const std::string& id :
       {std::string(), std::string("a/b"), std::string("+"), std::string("#1"), std::string("a\nb"),
        std::string("\xff"), std::string(129, 'r'), a.phone_id}) {
    v1::Room request = Create();
    request.set_id(id);
    EXPECT_EQ(Refusal(Ask(a, request)), v1::INVALID_DATA) << id;
  }
  EXPECT_EQ(Refusal(Ask(a, Create({stranger}))), v1::PERMISSION_DENIED);
  v1::Room unknown = Create({b});
  unknown.add_members()->set_phone_id("380670099999_999999");
  EXPECT_EQ(Refusal(Ask(a, unknown)), v1::PERMISSION_DENIED);
  unknown.mutable_members(1)->set_phone_id("nobody");
  EXPECT_EQ(Refusal(Ask(a, unknown)), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, ARepeatedPublishMakesNoSecondRoomAndIsAnsweredAgain) {
  v1::Packet packet;
  packet.set_id(7);
  packet.set_hash("0123456789abcdef");
  ASSERT_EQ(Ask(a, Create({b}), &packet, 3), absl::OkStatus());
  const std::string id = reply_.records(0).room().id();
  Heard();
  packet.set_dup(true);
  ASSERT_EQ(Ask(a, Create({b}), &packet, 4), absl::OkStatus());
  EXPECT_EQ(reply_.records(0).room().id(), id);
  EXPECT_THAT(Heard(), IsEmpty());
  v1::Packet leave = packet;
  leave.set_id(8);
  leave.set_dup(false);
  ASSERT_EQ(Ask(b, Request(V::LEAVE, id), &leave), absl::OkStatus());
  Heard();
  leave.set_dup(true);
  EXPECT_EQ(Ask(b, Request(V::LEAVE, id), &leave), absl::OkStatus());
  EXPECT_THAT(Heard(), IsEmpty());
  leave.set_hash("other");
  EXPECT_EQ(Refusal(Ask(b, Request(V::LEAVE, id), &leave)), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(a, Create({b}), &packet, 9), absl::OkStatus());
  EXPECT_NE(reply_.records(0).room().id(), id) << "two connections later it is a new request";
}

TEST_F(RoomServiceTest, OnlyMembersSeeARoom) {
  const std::string id = Make(a, {b});
  const v1::Room room = Get(b, id);
  EXPECT_EQ(Listing(room), "members=[" + N(b) + "] admins=[" + N(a) + "]");
  EXPECT_EQ(room.status(), V::GET);
  EXPECT_EQ(room.members(0).reader(), b.roster.value);
  EXPECT_EQ(room.admins(0).reader(), 0);
  EXPECT_EQ(Refusal(Ask(c, Request(V::GET, id))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(a, Request(V::GET, "no such room"))), v1::NOT_FOUND);
  EXPECT_EQ(Refusal(Ask(a, Request(V::GET, std::string("'; --\0\xff", 7)))), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, AddingTellsTheNewThenTheRoom) {
  const std::string id = Make(a, {b});
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {c}, {d})), absl::OkStatus());
  EXPECT_THAT(reply_.records(), IsEmpty());
  const std::string all = "members=[" + N(b) + "," + N(c) + "] admins=[" + N(a) + "," + N(d) + "]";
  EXPECT_THAT(
      Heard(),
      ElementsAre("group v3 set " + N(c) + " " + N(d) + "a", "to " + N(c) + ": room add " + all,
                  "to " + N(d) + ": room add " + all,
                  "group v4 | room add members=[" + N(c) + "] admins=[" + N(d) + "] | join by " +
                      N(a) + ": " + N(a) + " added " + N(c) + ", " + N(d)));
}

TEST_F(RoomServiceTest, AListedMemberChangesRoleWithoutASystemMessage) {
  const std::string id = Make(a, {b});
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {}, {b})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v3 set " + N(b) + "a",
                                   "group v4 | room add members=[] admins=[" + N(b) + "]"));
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {}, {b})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v5 | room add members=[] admins=[" + N(b) + "]"));
  ASSERT_EQ(Ask(b, Request(V::ADD, id, {a})), absl::OkStatus());
  Heard();
  EXPECT_EQ(Listing(Get(a, id)), "members=[" + N(a) + "] admins=[" + N(b) + "]");
  EXPECT_EQ(Refusal(Ask(b, Request(V::ADD, id, {b}))), v1::PERMISSION_DENIED) << "the last admin";
}

TEST_F(RoomServiceTest, InTheShiftedLayoutTheStatusOfAnEntrySaysItsRole) {
  const std::string id = Make(a);
  v1::Room request = Request(V::ADD, id, {}, {b, c, d});
  request.mutable_admins(0)->set_status(v1::Member::MEMBER);
  request.mutable_admins(1)->set_status(v1::Member::ADMIN);
  ASSERT_EQ(Ask(a, request), absl::OkStatus());
  EXPECT_EQ(Listing(Get(a, id)),
            "members=[" + N(b) + "] admins=[" + N(a) + "," + N(c) + "," + N(d) + "]");
}

TEST_F(RoomServiceTest, AddingIsRefusedToMembersAndForStrangersUnknownAndBanned) {
  const std::string id = Make(a, {b});
  directory_.Befriend(b, c);
  EXPECT_EQ(Refusal(Ask(b, Request(V::ADD, id, {c}))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(c, Request(V::ADD, id, {c}))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(a, Request(V::ADD, "no such room", {c}))), v1::NOT_FOUND);
  EXPECT_EQ(Refusal(Ask(a, Request(V::ADD, id))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(a, Request(V::ADD, id, {stranger}))), v1::PERMISSION_DENIED);
  v1::Room unknown = Request(V::ADD, id, {stranger});
  unknown.add_members()->set_phone_id("380670099999_999999");
  EXPECT_EQ(Refusal(Ask(a, unknown)), v1::INVALID_DATA);
  ASSERT_EQ(Ask(a, Request(V::BAN, id, {c})), absl::OkStatus());
  Heard();
  EXPECT_EQ(Refusal(Ask(a, Request(V::ADD, id, {c}))), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(a, Request(V::UNBAN, id, {c})), absl::OkStatus());
  EXPECT_EQ(Ask(a, Request(V::ADD, id, {c})), absl::OkStatus());
}

TEST_F(RoomServiceTest, JoiningWithListsIsAddingUnderItsOwnName) {
  const std::string id = Make(a, {b});
  ASSERT_EQ(Ask(a, Request(V::JOIN, id, {c})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v3 set " + N(c), HasSubstr("to " + N(c) + ": room join"),
                                   HasSubstr("room join members=[" + N(c) + "] admins=[] | join")));
  EXPECT_EQ(Refusal(Ask(b, Request(V::JOIN, id, {c}))), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, AnybodyJoinsAChannelButNoGroupAndNobodyWhoIsBanned) {
  const std::string id = Make(a, {}, v1::Room::CHANNEL);
  ASSERT_EQ(Ask(stranger, Request(V::JOIN, id)), absl::OkStatus());
  const std::string z = N(stranger);
  EXPECT_THAT(Heard(),
              ElementsAre("channel v3 set " + z,
                          "to " + z + ": room join members=[" + z + "] admins=[" + N(a) + "]",
                          "channel v4 | room join members=[" + z + "] admins=[] | join by " + z +
                              ": " + z + " joined the group"));
  ASSERT_EQ(Ask(stranger, Request(V::JOIN, id)), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("channel v5 | room join members=[" + z + "] admins=[]"));
  ASSERT_EQ(Ask(a, Request(V::BAN, id, {stranger})), absl::OkStatus());
  Heard();
  EXPECT_EQ(Refusal(Ask(stranger, Request(V::JOIN, id))), v1::PERMISSION_DENIED);
  const std::string group = Make(a);
  EXPECT_EQ(Refusal(Ask(stranger, Request(V::JOIN, group))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(stranger, Request(V::JOIN, "no such room"))), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, RemovingTellsTheRoomAndThoseWhoLoseIt) {
  const std::string id = Make(a, {b, c, d});
  ASSERT_EQ(Ask(a, Request(V::REMOVE, id, {b, stranger}, {c})), absl::OkStatus());
  EXPECT_THAT(Heard(),
              ElementsAre("group v3 lost " + N(b) + " " + N(c) + " | room remove members=[" + N(b) +
                              "-," + N(c) + "-] admins=[] | removed by " + N(a) + ": " + N(a) +
                              " removed " + N(b) + ", " + N(c),
                          "to " + N(b) + ": room remove members=[" + N(b) + "-] admins=[]",
                          "to " + N(c) + ": room remove members=[" + N(c) + "-] admins=[]"));
  EXPECT_EQ(Refusal(Ask(a, Request(V::REMOVE, id, {b}))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(a, Request(V::REMOVE, id))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(b, Request(V::GET, id))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(d, Request(V::REMOVE, id, {a}))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(a, Request(V::REMOVE, id, {a}))), v1::PERMISSION_DENIED)
      << "the last admin";
}

TEST_F(RoomServiceTest, LeavingIsForAllButTheLastAdmin) {
  const std::string id = Make(a, {b, c});
  EXPECT_EQ(Refusal(Ask(a, Request(V::LEAVE, id))), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(b, Request(V::LEAVE, id)), absl::OkStatus());
  EXPECT_THAT(Heard(),
              ElementsAre("group v3 lost " + N(b) + " | room leave members=[" + N(b) +
                              "-] admins=[] | leave by " + N(b) + ": " + N(b) + " left the group",
                          "to " + N(b) + ": room leave members=[" + N(b) + "-] admins=[]"));
  EXPECT_EQ(Refusal(Ask(b, Request(V::LEAVE, id))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(c, Request(V::LEAVE, id, {a}))), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(a, Request(V::LEAVE, id, {c})), absl::OkStatus()) << "an admin removes by leave";
  EXPECT_THAT(Heard(), ElementsAre(HasSubstr("| removed by " + N(a)), testing::_));
  ASSERT_EQ(Ask(a, Request(V::LEAVE, id)), absl::OkStatus()) << "the last one closes the room";
  EXPECT_THAT(Heard(), ElementsAre(HasSubstr("closed lost " + N(a)), testing::_));
  EXPECT_EQ(Refusal(Ask(a, Request(V::GET, id))), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, BanningRemovesBarsAndMayBeRepeated) {
  const std::string id = Make(a, {b});
  ASSERT_EQ(Ask(a, Request(V::BAN, id, {b, stranger})), absl::OkStatus());
  const std::string z = N(stranger);
  EXPECT_THAT(Heard(), ElementsAre("group v3 lost " + N(b) + " | room ban members=[" + N(b) + "-," +
                                       z + "-?] admins=[] | removed by " + N(a) + ": " + N(a) +
                                       " removed " + N(b),
                                   "to " + N(b) + ": room ban members=[" + N(b) + "-] admins=[]"));
  ASSERT_EQ(Ask(a, Request(V::BAN, id, {b})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v4 | room ban members=[" + N(b) + "-?] admins=[]"));
  EXPECT_EQ(Refusal(Ask(a, Request(V::BAN, id))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(a, Request(V::BAN, id, {a}))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(b, Request(V::BAN, id, {c}))), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(a, Request(V::UNBAN, id, {b, c})), absl::OkStatus());
  EXPECT_THAT(Heard(),
              ElementsAre("group v5 | room unban members=[" + N(b) + "?," + N(c) + "?] admins=[]"));
  EXPECT_EQ(Refusal(Ask(a, Request(V::UNBAN, id))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(a, Request(V::BAN, id, {b, c, d, e}))), v1::PERMISSION_DENIED) << "a limit";
}

TEST_F(RoomServiceTest, MutingOneselfIsAFeatureThatOnlyOneselfSees) {
  const std::string id = Make(a, {b});
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Ask(b, Request(V::MUTE, id)), absl::OkStatus());
    EXPECT_THAT(Heard(), ElementsAre("to " + N(b) + ": room mute"));
  }
  const v1::Member own = Get(b, id).members(0);
  ASSERT_THAT(own.settings(), SizeIs(1));
  EXPECT_EQ(own.settings(0).id(), id + "_MUTE");
  EXPECT_EQ(own.settings(0).key(), "MUTE");
  EXPECT_EQ(own.settings(0).value(), "true");
  EXPECT_THAT(Get(a, id).members(0).settings(), IsEmpty());
  ASSERT_EQ(Ask(b, Request(V::UNMUTE, id)), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("to " + N(b) + ": room unmute"));
  EXPECT_THAT(Get(b, id).members(0).settings(), IsEmpty());
  EXPECT_EQ(Refusal(Ask(c, Request(V::MUTE, id))), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, AnAdminSilencesMembersAndTheyAreTold) {
  const std::string id = Make(a, {b, c});
  ASSERT_EQ(Ask(a, Request(V::MUTE, id, {b, c})), absl::OkStatus());
  const std::string both = "members=[" + N(b) + "," + N(c) + "] admins=[]";
  EXPECT_THAT(
      Heard(),
      ElementsAre("group v3 set " + N(b) + "s " + N(c) + "s", "to " + N(b) + ": room mute " + both,
                  "to " + N(c) + ": room mute " + both, "to " + N(a) + ": room mute " + both));
  ASSERT_EQ(Ask(a, Request(V::UNMUTE, id, {b})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v4 set " + N(b), testing::_, testing::_));
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {}, {c})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v5 set " + N(c) + "a", testing::_))
      << "an admin has a voice";
  EXPECT_EQ(Refusal(Ask(a, Request(V::MUTE, id, {b, d}))), v1::INVALID_DATA);
  EXPECT_EQ(Refusal(Ask(b, Request(V::MUTE, id, {c}))), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, PatchingWritesWhatIsGivenAndNamesARename) {
  v1::Room create = Create({b});
  create.set_description("plans");
  ASSERT_EQ(Ask(a, create), absl::OkStatus());
  const v1::Room before = reply_.records(0).room();
  messaging_.Take();
  v1::Room patch = Request(V::PATCH, before.id());
  patch.set_name("Bath");
  patch.set_tos("v2");
  patch.set_description("");
  patch.add_settings()->set_key("k");
  patch.set_type(v1::Room::CHANNEL);
  ASSERT_EQ(Ask(a, patch), absl::OkStatus());
  const std::vector<v1::Change> told = messaging_.Take();
  ASSERT_THAT(Told(told), ElementsAre("channel v3 | room patch | patch by " + N(a) +
                                      ": Group is renamed to \"Bath\""));
  const v1::Room& room = told[0].room().broadcasts(0).record().room();
  EXPECT_EQ(room.name(), "Bath");
  EXPECT_FALSE(room.has_description());
  EXPECT_EQ(room.tos(), "v2");
  EXPECT_GE(room.tos_update(), before.created());
  EXPECT_EQ(room.settings(0).key(), "k");
  EXPECT_GE(room.update(), before.update());
  EXPECT_EQ(room.created(), before.created());
  ASSERT_EQ(Ask(a, patch), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("channel v4 | room patch"));
  patch.set_name("");
  EXPECT_EQ(Refusal(Ask(a, patch)), v1::INVALID_DATA);
  patch.set_name("x");
  patch.mutable_settings(0)->set_value(std::string(5000, 'v'));
  EXPECT_EQ(Refusal(Ask(a, patch)), v1::INVALID_DATA) << "over room_bytes";
  EXPECT_EQ(Refusal(Ask(b, patch)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(stranger, patch)), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, DeletingTellsEverybodyAndForgetsTheMembers) {
  const std::string id = Make(a, {b});
  EXPECT_EQ(Refusal(Ask(b, Request(V::DELETE, id))), v1::PERMISSION_DENIED);
  ASSERT_EQ(Ask(a, Request(V::DELETE, id)), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre("group v3 closed | room delete", "to " + N(a) + ": room delete",
                                   "to " + N(b) + ": room delete"));
  EXPECT_EQ(Refusal(Ask(a, Request(V::DELETE, id))), v1::NOT_FOUND);
  EXPECT_EQ(Refusal(Ask(b, Request(V::LEAVE, id))), v1::NOT_FOUND);
}

TEST_F(RoomServiceTest, AMemberPatchesHisOwnMembershipOnly) {
  const std::string id = Make(a, {b});
  const v1::Member before = Get(b, id).members(0);
  v1::Member patch;
  patch.set_status(v1::Member::PATCH);
  patch.mutable_muc()->set_name(id);
  patch.set_names("Bertha");
  patch.set_alias("bee");
  patch.add_settings()->set_key("k");
  ASSERT_EQ(Patch(b, patch), absl::OkStatus());
  const std::vector<v1::Change> told = messaging_.Take();
  ASSERT_THAT(Told(told), ElementsAre("group v3 | member " + N(b) + " patch"));
  const v1::Member& member = told[0].room().broadcasts(0).record().member();
  EXPECT_EQ(member.id(), before.id());
  EXPECT_EQ(member.names(), "Bertha");
  EXPECT_EQ(member.surnames(), "Of Bert");
  EXPECT_EQ(member.alias(), "bee");
  EXPECT_EQ(member.settings(0).key(), "k");
  EXPECT_GE(member.update(), before.update());
  v1::Member clear;
  clear.set_id(before.id());
  clear.set_names("");
  ASSERT_EQ(Patch(b, clear), absl::OkStatus());
  EXPECT_EQ(Get(a, id).members(0).names(), "Bert");
  EXPECT_EQ(Get(a, id).members(0).alias(), "bee");
  Heard();
  ASSERT_EQ(Patch(b, v1::Member()), absl::OkStatus()) << "in one room only";
  Heard();
  EXPECT_EQ(Refusal(Patch(a, clear)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Patch(stranger, patch)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Patch(stranger, v1::Member())), v1::PERMISSION_DENIED);
  Make(a, {b});
  EXPECT_EQ(Refusal(Patch(b, v1::Member())), v1::PERMISSION_DENIED) << "in two rooms";
}

TEST_F(RoomServiceTest, ALargeRoomShowsTheReceiverAndTheAdminsAndIsReadInPages) {
  const std::string id = Make(a, {b, c, d});
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {e}, {f})), absl::OkStatus());
  EXPECT_THAT(Heard(),
              ElementsAre("group v3 set " + N(e) + " " + N(f) + "a",
                          "to " + N(e) + ": room add members=[" + N(e) + "] admins=[" + N(a) + "," +
                              N(f) + "]",
                          "to " + N(f) + ": room add members=[] admins=[" + N(a) + "," + N(f) + "]",
                          HasSubstr("room add members=[] admins=[" + N(f) + "] | join by")));
  EXPECT_EQ(Listing(Get(b, id)), "members=[" + N(b) + "] admins=[" + N(a) + "," + N(f) + "]");
  EXPECT_EQ(Listing(Get(f, id)), "members=[] admins=[" + N(a) + "," + N(f) + "]");
  v1::Room page = Request(V::GET, id);
  page.add_members()->set_id(0);
  ASSERT_EQ(Ask(b, page), absl::OkStatus());
  EXPECT_EQ(Listing(reply_.records(0).room()), "members=[" + N(b) + "," + N(c) + "," + N(d) + "," +
                                                   N(e) + "] admins=[" + N(a) + "," + N(f) + "]");
  page.mutable_members(0)->set_id(reply_.records(0).room().members(1).id());
  ASSERT_EQ(Ask(b, page), absl::OkStatus());
  EXPECT_EQ(Listing(reply_.records(0).room()),
            "members=[" + N(d) + "," + N(e) + "] admins=[" + N(a) + "," + N(f) + "]");
  ASSERT_EQ(Ask(a, Request(V::REMOVE, id, {b, c})), absl::OkStatus());
  EXPECT_THAT(Heard(), ElementsAre(HasSubstr("| room remove | removed by"),
                                   "to " + N(b) + ": room remove members=[" + N(b) + "-] admins=[]",
                                   testing::_));
}

TEST_F(RoomServiceTest, LimitsOfSizeAreRefusals) {
  std::vector<Somebody> eight;
  for (int i = 0; i < 8; ++i) eight.push_back(directory_.Add("friend"));
  for (const Somebody& one : eight) directory_.Befriend(a, one);
  EXPECT_EQ(Refusal(Ask(a, Create(eight))), v1::PERMISSION_DENIED);
  v1::Room channel = Create(eight);
  channel.set_type(v1::Room::CHANNEL);
  ASSERT_EQ(Ask(a, channel), absl::OkStatus());
  const std::string id = reply_.records(0).room().id();
  Heard();
  v1::Room patch = Request(V::PATCH, id);
  patch.set_type(v1::Room::GROUP);
  EXPECT_EQ(Refusal(Ask(a, patch)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refusal(Ask(a, Request(V::ADD, id, {b, c, d, e}))), v1::PERMISSION_DENIED);
  EXPECT_EQ(Ask(a, Request(V::ADD, id, {b, c, d})), absl::OkStatus());
  for (int i = 0; i < 4; ++i) Make(a, {b});
  EXPECT_EQ(Refusal(Ask(a, Create({c}))), v1::PERMISSION_DENIED) << "a is in five rooms";
  const std::string other = Make(c);
  directory_.Befriend(c, b);
  EXPECT_EQ(Refusal(Ask(c, Request(V::ADD, other, {b}))), v1::PERMISSION_DENIED);
}

TEST_F(RoomServiceTest, WhoJoinsBetweenTheLookAndTheLockIsShownByName) {
  const std::string id = Make(a, {b}, v1::Room::CHANNEL);
  const Somebody late = directory_.Add("Late");
  directory_.BeforeAnswer([&] {
    rpc::Call call = rpc::Background(std::chrono::seconds(20));
    call.caller.set_account_id(late.account.value);
    call.caller.add_rosters()->set_id(late.roster.value);
    v1::Reply reply;
    EXPECT_EQ(
        rpc::Invoke(call, *rooms_, &v1::RoomService::Stub::Join, Request(V::JOIN, id), &reply),
        absl::OkStatus());
    messaging_.Take();
  });
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {c})), absl::OkStatus());
  EXPECT_THAT(Heard(), testing::Contains("to " + N(c) + ": room add members=[" + N(b) + "," +
                                         N(late) + "," + N(c) + "] admins=[" + N(a) + "]"));
}

TEST_F(RoomServiceTest, WithoutMessagingAChangeIsUnavailableAndTheRepeatCatchesUp) {
  const std::string id = Make(a, {b});
  messaging_.SetAway(true);
  EXPECT_EQ(Ask(a, Request(V::ADD, id, {c})).code(), absl::StatusCode::kUnavailable);
  messaging_.SetAway(false);
  ASSERT_EQ(Ask(a, Request(V::ADD, id, {c})), absl::OkStatus());
  const std::vector<std::string> heard = Heard();
  EXPECT_THAT(heard, SizeIs(4));
  EXPECT_EQ(heard[0], "group v3 set " + N(c));
}

}  // namespace
}  // namespace chat::room
