#include "services/room/room_internal.h"

#include <gmock/gmock.h>

#include "services/room/room_fixture.h"

namespace chat::room {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using V = v1::Room;

std::string N(const Somebody& who) { return std::to_string(who.roster.value); }

class RoomInternalTest : public RoomFixture {
 protected:
  template <typename Request, typename Response>
  void Inside(grpc::Status (v1::RoomInternal::Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
              const Request& request, Response* reply) {
    EXPECT_EQ(rpc::Invoke(rpc::Background(std::chrono::seconds(20)), *inside_, method, request,
                          reply, std::chrono::seconds(20)),
              absl::OkStatus());
  }
  v1::RoomsReply Rooms(const std::vector<Somebody>& people) {
    v1::RoomsRequest request;
    for (const Somebody& who : people) request.add_roster_ids(who.roster.value);
    v1::RoomsReply reply;
    Inside(&v1::RoomInternal::Stub::Rooms, request, &reply);
    return reply;
  }
  std::vector<int64_t> CoMembers(const Somebody& who) {
    v1::CoMembersRequest request;
    request.set_roster_id(who.roster.value);
    v1::CoMembersReply reply;
    Inside(&v1::RoomInternal::Stub::CoMembers, request, &reply);
    return {reply.roster_ids().begin(), reply.roster_ids().end()};
  }
  void Remove(const std::vector<Somebody>& people) {
    v1::RemoveRostersRequest request;
    for (const Somebody& who : people) request.add_roster_ids(who.roster.value);
    v1::RemoveRostersReply reply;
    Inside(&v1::RoomInternal::Stub::RemoveRosters, request, &reply);
  }
  std::vector<std::string> Find(const Somebody& who, const std::vector<std::string>& ids,
                                const std::string& name = "", bool exact = false) {
    v1::FindRoomsRequest request;
    request.set_roster_id(who.roster.value);
    for (const std::string& id : ids) request.add_ids(id);
    request.set_prefix(name);
    request.set_exact(exact);
    v1::RoomsReply reply;
    Inside(&v1::RoomInternal::Stub::Find, request, &reply);
    std::vector<std::string> found;
    for (const V& room : reply.rosters(0).rooms()) {
      found.push_back(room.id());
      EXPECT_EQ(Listing(room), "members=[] admins=[]");
      EXPECT_FALSE(room.has_tos());
    }
    return found;
  }

  Somebody a = directory_.Add("Anna"), b = directory_.Add("Bert"), c = directory_.Add("Carl"),
           d = directory_.Add("Dora"), e = directory_.Add("Emil");
};

TEST_F(RoomInternalTest, RoomsAreThoseOfEachRosterAsItSeesThem) {
  const std::string one = Make(a, {b}), two = Make(b, {c}), large = Make(a, {b, c, d, e});
  const int calls = directory_.calls();
  const v1::RoomsReply reply = Rooms({b, d, b, c});
  EXPECT_EQ(directory_.calls(), calls + 1) << "people are asked for once, whatever the rooms";
  ASSERT_EQ(reply.rosters_size(), 3);
  EXPECT_EQ(reply.rosters(0).roster_id(), b.roster.value);
  ASSERT_EQ(reply.rosters(0).rooms_size(), 3);
  const V& first = reply.rosters(0).rooms(0);
  EXPECT_EQ(first.id(), one);
  EXPECT_FALSE(first.has_status());
  EXPECT_EQ(first.unread(), 1);
  EXPECT_EQ(first.last_msg().msg_id(), "last");
  EXPECT_EQ(first.members(0).reader(), b.roster.value);
  EXPECT_EQ(Listing(first), "members=[" + N(b) + "] admins=[" + N(a) + "]");
  EXPECT_EQ(Listing(reply.rosters(0).rooms(1)), "members=[" + N(c) + "] admins=[" + N(b) + "]");
  EXPECT_EQ(Listing(reply.rosters(0).rooms(2)), "members=[" + N(b) + "] admins=[" + N(a) + "]")
      << "large: the own one, and admins";
  EXPECT_EQ(reply.rosters(0).rooms(2).unread(), 3);
  ASSERT_EQ(reply.rosters(1).rooms_size(), 1);
  EXPECT_EQ(reply.rosters(1).rooms(0).id(), large);
  ASSERT_EQ(reply.rosters(2).rooms_size(), 2);
  EXPECT_EQ(reply.rosters(2).rooms(0).id(), two);
}

TEST_F(RoomInternalTest, CoMembersShareARoomThatCarriesPresence) {
  Make(a, {b});
  Make(b, {c});
  Make(a, {b, c, d, e});
  EXPECT_THAT(CoMembers(a), ElementsAre(b.roster.value));
  EXPECT_THAT(CoMembers(b), ElementsAre(a.roster.value, c.roster.value));
  EXPECT_THAT(CoMembers(d), IsEmpty());
}

TEST_F(RoomInternalTest, RemovedRostersLeaveEverywhereAndPassTheAdminship) {
  const std::string passed = Make(a, {b, c}), alone = Make(a), kept = Make(b, {a});
  Remove({a});
  EXPECT_THAT(Heard(),
              ElementsAre("group v3 set " + N(b) + "a lost " + N(a) + " | room leave members=[" +
                              N(a) + "-] admins=[] | leave by " + N(a) + ": " + N(a) +
                              " left the group | room add members=[] admins=[" + N(b) + "]",
                          "to " + N(a) + ": room leave members=[" + N(a) + "-] admins=[]",
                          HasSubstr("group v3 closed lost " + N(a)), testing::_,
                          HasSubstr("group v3 lost " + N(a)), testing::_));
  EXPECT_EQ(Listing(Get(b, passed)), "members=[" + N(c) + "] admins=[" + N(b) + "]");
  EXPECT_EQ(rpc::RefusalOf(Ask(a, Request(V::GET, alone))), v1::NOT_FOUND);
  EXPECT_EQ(Listing(Get(b, kept)), "members=[] admins=[" + N(b) + "]");
  Remove({a});
  EXPECT_THAT(Heard(), IsEmpty());
}

TEST_F(RoomInternalTest, TwoRostersThatGoTogetherLeaveARoomAtOnce) {
  const std::string id = Make(a, {b, c});
  Remove({a, b});
  EXPECT_THAT(Heard(), ElementsAre(HasSubstr("set " + N(c) + "a lost " + N(a) + " " + N(b)),
                                   testing::_, testing::_));
  EXPECT_EQ(Listing(Get(c, id)), "members=[] admins=[" + N(c) + "]");
  Remove({c});
  EXPECT_THAT(Heard(), ElementsAre(HasSubstr("closed"), testing::_));
}

TEST_F(RoomInternalTest, AnIdFindsItsRoomANameOnlyChannels) {
  const std::string group = Make(a, {b}), channel = Make(a, {}, V::CHANNEL);
  V patch = Request(V::PATCH, channel);
  patch.set_name("Їжак-News");
  patch.set_tos("secret terms");
  ASSERT_EQ(Ask(a, patch), absl::OkStatus());
  EXPECT_THAT(Find(c, {group, "no such room"}), ElementsAre(group));
  EXPECT_THAT(Find(c, {}, "їЖАК"), ElementsAre(channel));
  EXPECT_THAT(Find(c, {}, "їЖАК", true), IsEmpty());
  EXPECT_THAT(Find(c, {}, "ЇЖАК-news", true), ElementsAre(channel));
  EXPECT_THAT(Find(c, {}, "Kitch"), IsEmpty());
  EXPECT_THAT(Find(c, {}, "їЖАК%"), IsEmpty());
  ASSERT_EQ(Ask(a, Request(V::BAN, channel, {c})), absl::OkStatus());
  EXPECT_THAT(Find(c, {channel}, "їЖАК"), IsEmpty());
  EXPECT_THAT(Find(b, {channel}), ElementsAre(channel));
  ASSERT_EQ(Ask(a, Request(V::DELETE, channel)), absl::OkStatus());
  EXPECT_THAT(Find(b, {channel}, "їЖАК"), IsEmpty());
}

// The sizes of PROTOCOL 4.6.
class LargeRoomTest : public RoomFixture {
 protected:
  LargeRoomTest() : RoomFixture(Limits()) {}
};

TEST_F(LargeRoomTest, ThousandsAreAddedByTheThousandAndReadInPages) {
  const Somebody creator = directory_.Add("Anna");
  const std::string id = Make(creator);
  constexpr int kRequests = 3, kEach = 1000;
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Somebody> all;
  for (int i = 0; i < kRequests; ++i) {
    std::vector<Somebody> some;
    for (int j = 0; j < kEach; ++j) {
      some.push_back(directory_.Add("Member"));
      directory_.Befriend(creator, some.back());
    }
    ASSERT_EQ(Ask(creator, Request(V::ADD, id, some)), absl::OkStatus());
    all.insert(all.end(), some.begin(), some.end());
    const std::vector<std::string> heard = Heard();
    ASSERT_EQ(heard.size(), kEach + 2u);
    EXPECT_THAT(heard[0], HasSubstr("set " + N(some[0])));
    EXPECT_EQ(heard[1], "to " + N(some[0]) + ": room add members=[" + N(some[0]) + "] admins=[" +
                            N(creator) + "]");
    EXPECT_THAT(heard.back(), HasSubstr(" and 980 more"));
  }
  RecordProperty(
      "seconds",
      std::to_string(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count()));
  V page = Request(V::GET, id);
  page.add_members()->set_id(0);
  std::set<std::string> seen;
  for (;;) {
    ASSERT_EQ(Ask(all.back(), page), absl::OkStatus());
    const V room = reply_.records(0).room();
    if (room.members().empty()) break;
    ASSERT_LE(room.members_size(), 500);
    for (const v1::Member& member : room.members()) {
      EXPECT_TRUE(seen.insert(member.phone_id()).second);
      page.mutable_members(0)->set_id(member.id());
    }
  }
  EXPECT_EQ(seen.size(), all.size());
  ASSERT_EQ(Ask(creator, Request(V::DELETE, id)), absl::OkStatus());
  EXPECT_THAT(Heard()[0], HasSubstr("closed | room delete"));
}

}  // namespace
}  // namespace chat::room
