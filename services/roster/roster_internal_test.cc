#include "services/roster/roster_internal.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Stub = v1::RosterInternal::Stub;

class RosterInternalTest : public RosterFixture {
 protected:
  absl::Status Ensure(int64_t account, const std::string& phone, v1::RostersReply* reply) {
    v1::EnsureRosterRequest request;
    request.set_account_id(account);
    request.set_phone(phone);
    return As(Person(), &Stub::EnsureRoster, *inside_, request, reply);
  }
};

TEST_F(RosterInternalTest, TheFirstRosterIsMadeOnceAndMessagingKnowsItBeforeTheAnswer) {
  v1::RostersReply reply;
  ASSERT_EQ(Ensure(71, "15550000071", &reply), absl::OkStatus());
  ASSERT_EQ(reply.own_size(), 1);
  const std::string phone_id = "15550000071_" + std::to_string(reply.own(0).id());
  EXPECT_EQ(reply.own(0).phone_id(), phone_id);
  EXPECT_EQ(reply.rosters(0).phone(), "15550000071");
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre("roster of 71: " + phone_id));
  v1::RostersReply again;
  ASSERT_EQ(Ensure(71, "15550000071", &again), absl::OkStatus());
  EXPECT_EQ(again.SerializeAsString(), reply.SerializeAsString());
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(RosterInternalTest, RacingCallsMakeOneRoster) {
  std::vector<std::thread> threads;
  std::atomic<int> made = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      v1::RostersReply reply;
      if (Ensure(72, "15550000072", &reply).ok() && reply.own_size() == 1) ++made;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 8);
  EXPECT_EQ(messaging_.Take().size(), 1u);
}

TEST_F(RosterInternalTest, WithoutMessagingNoRosterIsPromisedUntilARepeatIsTold) {
  messaging_.SetAway(true);
  v1::RostersReply reply;
  EXPECT_TRUE(absl::IsUnavailable(Ensure(73, "15550000073", &reply)));
  messaging_.SetAway(false);
  ASSERT_EQ(Ensure(73, "15550000073", &reply), absl::OkStatus());
  EXPECT_EQ(messaging_.Take().size(), 1u);
}

TEST_F(RosterInternalTest, NonsenseIsRefused) {
  v1::RostersReply reply;
  EXPECT_TRUE(absl::IsInvalidArgument(Ensure(0, "15550000074", &reply)));
  EXPECT_TRUE(absl::IsInvalidArgument(Ensure(74, "phone", &reply)));
}

TEST_F(RosterInternalTest, RostersAreFullAndWithoutStatus) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  v1::RostersRequest request;
  request.set_account_id(ann.account.value);
  v1::RostersReply reply;
  ASSERT_EQ(As(ann, &Stub::Rosters, *inside_, request, &reply), absl::OkStatus());
  ASSERT_EQ(reply.rosters_size(), 1);
  EXPECT_EQ(reply.own(0).phone_id(), ann.phone_id);
  EXPECT_EQ(reply.rosters(0).userlist(0).unread(), 3);
  EXPECT_FALSE(reply.rosters(0).has_status());
  request.set_account_id(999'999'999);
  ASSERT_EQ(As(ann, &Stub::Rosters, *inside_, request, &reply), absl::OkStatus());
  EXPECT_EQ(reply.rosters_size(), 0);
}

class AccountsTest : public RosterInternalTest {
 protected:
  std::vector<v1::RosterPerson> People(const Person& viewer, std::vector<int64_t> ids,
                                       std::vector<std::string> phone_ids = {}) {
    v1::PeopleRequest request;
    request.set_viewer(viewer.roster.value);
    for (int64_t id : ids) request.add_roster_ids(id);
    for (const std::string& id : phone_ids) request.add_phone_ids(id);
    v1::PeopleReply reply;
    EXPECT_EQ(As(Person(), &Stub::People, *inside_, request, &reply), absl::OkStatus());
    return {reply.people().begin(), reply.people().end()};
  }
  absl::Status Rename(const Person& who, const std::string& phone, v1::RostersReply* reply) {
    v1::RenameAccountRequest request;
    request.set_account_id(who.account.value);
    request.set_phone(phone);
    return As(Person(), &Stub::RenameAccount, *inside_, request, reply);
  }
  absl::Status Remove(const Person& who) {
    v1::RemoveAccountRequest request;
    request.set_account_id(who.account.value);
    v1::RemoveAccountReply reply;
    return As(Person(), &Stub::RemoveAccount, *inside_, request, &reply);
  }
};

TEST_F(AccountsTest, PeopleAreShownAsTheViewerMaySeeThem) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve"), mal = Join("Mal");
  Befriend(ann, bob);
  presence_.Set(bob.account);
  presence_.Set(mal.account);
  ASSERT_EQ(Friend(Verb::kRequest, mal, ann), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kBan, ann, mal), absl::OkStatus());
  const auto people = People(ann, {bob.roster.value, bob.roster.value, 1 << 30},
                             {eve.phone_id, mal.phone_id, "15550000000_" + std::to_string(7)});
  ASSERT_EQ(people.size(), 3u);
  EXPECT_EQ(people[0].phone_id(), bob.phone_id);
  EXPECT_EQ(people[0].account_id(), bob.account.value);
  EXPECT_EQ(people[0].names(), "Bob");
  EXPECT_EQ(people[0].email(), "Bob@example.org");
  EXPECT_TRUE(people[0].online());
  EXPECT_TRUE(people[0].friend_());
  EXPECT_EQ(people[1].phone_id(), eve.phone_id);
  EXPECT_EQ(people[1].email(), "");
  EXPECT_FALSE(people[1].online());
  EXPECT_FALSE(people[1].friend_());
  EXPECT_FALSE(people[2].online()) << "a ban stands between them";
  EXPECT_EQ(People(Person(), {bob.roster.value})[0].email(), "") << "nobody's friend";
  EXPECT_THAT(People(ann, {}, {"15550000000_" + std::to_string(bob.roster.value)}), IsEmpty())
      << "another phone with the roster's id is nobody";
}

TEST_F(AccountsTest, ARenamedAccountIsToldToEverybodyWhoHasAnEntry) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve"), mal = Join("Mal");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRequest, ann, eve), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kRequest, mal, ann), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kBan, ann, mal), absl::OkStatus());
  presence_.Set(ann.account);
  messaging_.Take();
  const std::string phone = "1" + ann.phone.substr(1);
  const std::string renamed = phone + "_" + std::to_string(ann.roster.value);
  v1::RostersReply reply;
  ASSERT_EQ(Rename(ann, phone, &reply), absl::OkStatus());
  ASSERT_EQ(reply.own_size(), 1);
  EXPECT_EQ(reply.own(0).phone_id(), renamed);
  EXPECT_EQ(reply.rosters(0).phone(), phone);
  const std::string to = "to ";
  const auto gone = [&](const Person& who) {
    return to + std::to_string(who.account.value) + ": " + ann.phone_id + " deleted";
  };
  const auto come = [&](const Person& who, const std::string& state) {
    return to + std::to_string(who.account.value) + ": " + renamed + " " + state;
  };
  EXPECT_THAT(Told(messaging_.Take()),
              testing::UnorderedElementsAre(
                  "roster of " + std::to_string(ann.account.value) + ": " + renamed,
                  to + std::to_string(ann.account.value) + ": roster patch, rosters changed",
                  gone(bob), come(bob, "friend online with email"), gone(eve),
                  come(eve, "authorization online"), gone(mal), come(mal, "ban")));
  ASSERT_EQ(Rename(ann, phone, &reply), absl::OkStatus());
  EXPECT_EQ(reply.own(0).phone_id(), renamed);
  EXPECT_THAT(messaging_.Take(), IsEmpty()) << "a repeat changes nothing";
  Person unknown;
  unknown.account = {1 << 30};
  ASSERT_EQ(Rename(unknown, phone, &reply), absl::OkStatus());
  EXPECT_EQ(reply.own_size(), 0);
}

TEST_F(AccountsTest, ARemovedAccountLeavesItsRoomsAndIsDeletedForThoseItWasLiveWith) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve"), mal = Join("Mal");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRequest, ann, eve), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kRequest, mal, ann), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kBan, ann, mal), absl::OkStatus());
  messaging_.Take();
  rooms_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(Remove(ann)));
  EXPECT_EQ(Entry(bob, ann), "friend") << "rooms are left first";
  rooms_.SetAway(false);
  ASSERT_EQ(Remove(ann), absl::OkStatus());
  EXPECT_THAT(rooms_.TakeRemoved(), ElementsAre(ann.roster.value));
  const auto gone = [&](const Person& who) {
    return "to " + std::to_string(who.account.value) + ": " + ann.phone_id + " deleted";
  };
  EXPECT_THAT(Told(messaging_.Take()),
              testing::UnorderedElementsAre("feed " + std::to_string(ann.roster.value) + "-" +
                                                std::to_string(bob.roster.value) + " close v3",
                                            gone(bob), gone(eve)));
  EXPECT_EQ(Entry(bob, ann), "");
  EXPECT_TRUE(store_->RostersOf(Soon(), ann.account)->empty());
  ASSERT_EQ(Remove(ann), absl::OkStatus()) << "a repeat changes nothing";
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(AccountsTest, WhatCannotBeToldNowIsToldByARepeat) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  messaging_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(Remove(ann)));
  messaging_.SetAway(false);
  ASSERT_EQ(Remove(ann), absl::OkStatus());
}

}  // namespace
}  // namespace chat::roster
