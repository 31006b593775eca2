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

}  // namespace
}  // namespace chat::roster
