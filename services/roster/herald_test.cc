#include "services/roster/herald.h"

#include <gmock/gmock.h>

#include "services/roster/presence_sweep.h"
#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class HeraldTest : public RosterFixture {
 protected:
  std::string Ac(const std::string& gateway, const Person& about, std::vector<Person> to,
                 const std::string& what) {
    return Line("ac/", gateway, about, to, what);
  }
  std::string Muc(const std::string& gateway, const Person& about, std::vector<Person> to,
                  const std::string& what) {
    return Line("muc/", gateway, about, to, what);
  }
  void SetNames(const Person& who, const std::string& names) {
    v1::Roster request;
    request.set_id(who.roster.value);
    request.set_names(names);
    v1::Reply reply;
    EXPECT_EQ(As(who, &v1::RosterService::Stub::Patch, *rosters_, request, &reply),
              absl::OkStatus());
  }
  static std::string Line(const std::string& family, const std::string& gateway,
                          const Person& about, const std::vector<Person>& to,
                          const std::string& what) {
    std::string line = "g:" + gateway + ": " + family + about.phone_id;
    for (const Person& one : to) line += " " + std::to_string(one.account.value);
    return line + ": " + what;
  }
};

TEST_F(HeraldTest, EachGatewayGetsOneEventForItsFriendsAndCoMembers) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve"), joe = Join("Joe");
  Befriend(ann, bob);
  Befriend(ann, eve);
  rooms_.SetRoom("room", 1, {ann.roster, eve.roster, joe.roster});
  presence_.Set(ann.account);
  presence_.Set(bob.account, "gateway-1");
  presence_.Set(eve.account, "gateway-1");
  presence_.Set(eve.account, "gateway-2");
  herald_->Changed(ann.account);
  EXPECT_THAT(redis_.Take(3), ElementsAre(Ac("gateway-1", ann, {bob, eve}, "Ann online"),
                                          Muc("gateway-1", ann, {eve}, "Ann online"),
                                          Ac("gateway-2", ann, {eve}, "Ann online"),
                                          Muc("gateway-2", ann, {eve}, "Ann online")));
}

TEST_F(HeraldTest, ChangesWithinAMomentMakeOneNotificationOfTheLastState) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  presence_.Set(bob.account);
  herald_->Changed(ann.account);
  herald_->Changed(ann.account, ann.roster, Herald::Reach::kFriends);
  SetNames(ann, "Anna");
  SetNames(ann, "Annabel");
  presence_.Set(ann.account);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", ann, {bob}, "Annabel online")));
  herald_->Changed(bob.account);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", bob, {ann}, "Bob online")))
      << "and no second one of Ann";
}

TEST_F(HeraldTest, ABanKeepsBothFromHearingOfEachOther) {
  const Person ann = Join("Ann"), mal = Join("Mal"), joe = Join("Joe");
  Befriend(ann, mal);
  ASSERT_EQ(Friend(Verb::kBan, ann, mal), absl::OkStatus());
  rooms_.SetRoom("room", 1, {ann.roster, mal.roster, joe.roster});
  for (const Person& one : {ann, mal, joe}) presence_.Set(one.account);
  herald_->Changed(ann.account);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Muc("gateway-1", ann, {joe}, "Ann online")));
  herald_->Changed(mal.account);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Muc("gateway-1", mal, {joe}, "Mal online")));
}

TEST_F(HeraldTest, ANickIsToldToFriendsOnly) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  rooms_.SetRoom("room", 1, {ann.roster, bob.roster});
  presence_.Set(bob.account);
  v1::Roster request;
  request.set_nick("Ann_" + std::to_string(ann.account.value));
  v1::Reply reply;
  ASSERT_EQ(As(ann, &v1::RosterService::Stub::Nick, *rosters_, request, &reply), absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", ann, {bob}, "Ann offline")));
}

TEST_F(HeraldTest, WhatCannotBeAskedIsToldLater) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  rooms_.SetRoom("room", 1, {ann.roster, bob.roster});
  presence_.Set(bob.account);
  rooms_.SetAway(true);
  herald_->Changed(ann.account);
  // The first attempt is over when the account may be noted and told anew.
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  rooms_.SetAway(false);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Muc("gateway-1", ann, {bob}, "Ann offline")));
}

TEST_F(HeraldTest, AnEndedLeaseIsToldAsOffline) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  presence_.Set(ann.account);
  presence_.Set(bob.account);
  PresenceSweep sweep(presence_, *herald_);
  presence_.End(ann.account);
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", ann, {bob}, "Ann offline")));
}

TEST_F(HeraldTest, GatewaysAndProfileMakeItTell) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  presence_.Set(ann.account);
  presence_.Set(bob.account);
  v1::OnlineRequest came;
  came.add_account_id(ann.account.value);
  v1::OnlineReply heard;
  ASSERT_EQ(As(Person(), &v1::RosterInternal::Stub::Online, *inside_, came, &heard),
            absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", ann, {bob}, "Ann online")));
  v1::AnnounceRequest asked;
  asked.set_account_id(bob.account.value);
  v1::AnnounceReply told;
  ASSERT_EQ(As(Person(), &v1::RosterInternal::Stub::Announce, *inside_, asked, &told),
            absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre(Ac("gateway-1", bob, {ann}, "Bob online")));
}

// ---- Direct publishes and Loc ----

class RelayTest : public HeraldTest {
 protected:
  absl::Status Relay(const Person& who, const std::string& topic) {
    v1::RelayRequest request;
    request.set_account_id(who.account.value);
    request.set_topic(topic);
    request.set_payload("term");
    request.set_qos(1);
    v1::RelayReply reply;
    return As(Person(), &v1::RosterInternal::Stub::Relay, *inside_, request, &reply);
  }
  static v1::ErrorCode Refused(const absl::Status& status) {
    return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
  }
};

TEST_F(RelayTest, APhoneIsReachedByItselfAndByFriends) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve");
  Befriend(ann, bob);
  ASSERT_EQ(Relay(ann, "ses/" + bob.phone), absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre("a:" + std::to_string(bob.account.value) + ": ses/" +
                                          bob.phone + " qos 1: term"));
  ASSERT_EQ(Relay(ann, "ses/" + ann.phone), absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre("a:" + std::to_string(ann.account.value) + ": ses/" +
                                          ann.phone + " qos 1: term"));
  EXPECT_EQ(Refused(Relay(eve, "ses/" + bob.phone)), v1::PERMISSION_DENIED);
  ASSERT_EQ(Friend(Verb::kRequest, eve, bob), absl::OkStatus());
  EXPECT_EQ(Refused(Relay(bob, "ses/" + eve.phone)), v1::PERMISSION_DENIED) << "only asked";
  ASSERT_EQ(Friend(Verb::kBan, bob, ann), absl::OkStatus());
  EXPECT_EQ(Refused(Relay(ann, "ses/" + bob.phone)), v1::PERMISSION_DENIED);
}

TEST_F(RelayTest, FriendsAreReachedByTheOwnerOfAPhoneId) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  presence_.Set(bob.account);
  ASSERT_EQ(Relay(ann, "ac/" + ann.phone_id), absl::OkStatus());
  EXPECT_THAT(redis_.Take(1), ElementsAre("g:gateway-1: ac/" + ann.phone_id + " " +
                                          std::to_string(bob.account.value) + " qos 1: term"));
  EXPECT_EQ(Refused(Relay(bob, "ac/" + ann.phone_id)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refused(Relay(ann, "ac/15550000000_" + std::to_string(ann.roster.value))),
            v1::PERMISSION_DENIED);
  for (const char* topic : {"ac/", "ac/x", "muc/1", "ses/", "room/r", ""}) {
    EXPECT_EQ(Refused(Relay(ann, topic)), v1::PERMISSION_DENIED) << topic;
  }
}

TEST_F(RelayTest, APositionGoesToTheOwnDevicesOnly) {
  const Person ann = Join("Ann");
  v1::Loc loc;
  loc.mutable_x()->set_real(50.45);
  loc.mutable_y()->set_integer(30);
  v1::Reply reply;
  EXPECT_EQ(Refused(As(ann, &v1::LocService::Stub::Relay, *locs_, loc, &reply)), v1::INVALID_DATA);
  loc.mutable_z()->set_integer(0);
  ASSERT_EQ(As(ann, &v1::LocService::Stub::Relay, *locs_, loc, &reply), absl::OkStatus());
  EXPECT_EQ(reply.records_size(), 0);
  EXPECT_THAT(redis_.Take(1), ElementsAre("a:" + std::to_string(ann.account.value) + ": ses/" +
                                          ann.phone + " qos 2: Loc"));
}

}  // namespace
}  // namespace chat::roster
