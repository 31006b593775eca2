#include "services/roster/friend_service.h"

#include <gmock/gmock.h>

#include <thread>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Feed(const Person& a, const Person& b, const std::string& change) {
  const auto [low, high] = std::minmax(a.roster.value, b.roster.value);
  return "feed " + std::to_string(low) + "-" + std::to_string(high) + " " + change;
}

std::string To(const Person& receiver, const Person& described, const std::string& what) {
  return "to " + std::to_string(receiver.account.value) + ": " + described.phone_id + " " + what;
}

std::string Text(const v1::Io& io) { return io.ShortDebugString(); }
constexpr const char* kBothAdded = "ok { atom: \"added\" } second_ok { atom: \"added\" }";
constexpr const char* kNeitherAdded =
    "error { code: \"contacts_not_found\" } second_error { code: \"contacts_not_found\" }";

v1::ErrorCode Refused(const absl::Status& status) {
  return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
}

class FriendServiceTest : public RosterFixture {};

TEST_F(FriendServiceTest, ARequestTellsBothSidesAndAnswersNothing) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  presence_.Set(bob.account);
  v1::Io io;
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), "");
  EXPECT_THAT(Told(messaging_.Take()),
              ElementsAre(To(ann, bob, "request online"), To(bob, ann, "authorization")));
  EXPECT_EQ(Entry(ann, bob), "request");
  EXPECT_EQ(Entry(bob, ann), "authorization");
}

TEST_F(FriendServiceTest, AConfirmationOpensTheFeedBeforeItIsAnnounced) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  presence_.Set(ann.account);
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob), absl::OkStatus());
  messaging_.Take();
  v1::Io io;
  ASSERT_EQ(Friend(Verb::kConfirm, bob, ann.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_THAT(Told(messaging_.Take()),
              ElementsAre(Feed(ann, bob, "open v2"), To(bob, ann, "friend online with email"),
                          To(ann, bob, "friend with email")));
  ASSERT_EQ(Friend(Verb::kConfirm, bob, ann.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(FriendServiceTest, ARequestToOneWhoHasAskedIsAConfirmation) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob), absl::OkStatus());
  v1::Io io;
  ASSERT_EQ(Friend(Verb::kRequest, bob, ann.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_EQ(Entry(ann, bob), "friend");
  ASSERT_EQ(Friend(Verb::kRequest, bob, ann.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), "ok { pair { atom: \"already_present\" text: \"" + ann.phone_id +
                          "\" } } nothing: \"\"");
}

TEST_F(FriendServiceTest, RequestsThatCannotBeAreRefusedByName) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve");
  v1::Io io;
  EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, ann.phone_id, &io)), v1::INVALID_DATA);
  EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, "nobody", &io)), v1::INVALID_DATA);
  EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, "", &io)), v1::INVALID_DATA);
  EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, bob.phone + "_999999", &io)), v1::ROSTER_NOT_FOUND);
  EXPECT_EQ(
      Refused(Friend(Verb::kRequest, ann, "15551234567_" + std::to_string(bob.roster.value), &io)),
      v1::ROSTER_NOT_FOUND);
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob), absl::OkStatus());
  EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, bob)), v1::INVALID_DATA);
  Person thief = eve;
  thief.phone_id = ann.phone_id;
  EXPECT_EQ(Refused(Friend(Verb::kRequest, thief, bob)), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Refused(Friend(Verb::kConfirm, thief, bob)), v1::NOT_AUTHORIZED);
  thief.phone_id = "";
  EXPECT_EQ(Refused(Friend(Verb::kRequest, thief, bob)), v1::NOT_AUTHORIZED);
}

TEST_F(FriendServiceTest, TheOtherVerbsAnswerForARosterThatDoesNotExistAsForAStranger) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  for (const std::string& whom : {bob.phone_id, std::string("15551234567_999999")}) {
    v1::Io io;
    EXPECT_EQ(Friend(Verb::kConfirm, ann, whom, &io), absl::OkStatus());
    EXPECT_EQ(Text(io), kNeitherAdded);
    EXPECT_EQ(Friend(Verb::kBan, ann, whom, &io), absl::OkStatus());
    EXPECT_EQ(Text(io), kNeitherAdded);
    EXPECT_EQ(Refused(Friend(Verb::kRevoke, ann, whom, &io)), v1::CONTACT_NOT_FOUND);
    EXPECT_EQ(Refused(Friend(Verb::kMute, ann, whom, &io)), v1::CONTACT_NOT_FOUND);
    EXPECT_EQ(Refused(Friend(Verb::kUnmute, ann, whom, &io)), v1::CONTACT_NOT_FOUND);
    EXPECT_EQ(Refused(Friend(Verb::kUnban, ann, whom, &io)), v1::PERMISSION_DENIED);
  }
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(FriendServiceTest, ARevokeClosesTheFeedAndDeletesBothEntries) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRevoke, ann, bob), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(Feed(ann, bob, "close v3"),
                                                   To(ann, bob, "revoke"), To(bob, ann, "revoke")));
  EXPECT_EQ(Entry(ann, bob), "");
  EXPECT_EQ(Entry(bob, ann), "");
  EXPECT_EQ(Refused(Friend(Verb::kRevoke, ann, bob)), v1::CONTACT_NOT_FOUND);
  EXPECT_EQ(Friend(Verb::kRequest, bob, ann), absl::OkStatus());
}

TEST_F(FriendServiceTest, ABanHidesPresenceAndUnbanningMakesFriendsOfFriends) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  presence_.Set(ann.account);
  presence_.Set(bob.account);
  Befriend(ann, bob);
  v1::Io io;
  ASSERT_EQ(Friend(Verb::kBan, ann, bob.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(Feed(ann, bob, "close v3"),
                                                   To(ann, bob, "banned"), To(bob, ann, "banned")));
  EXPECT_EQ(Entry(ann, bob), "banned");
  EXPECT_EQ(Entry(bob, ann), "ban");
  ASSERT_EQ(Friend(Verb::kBan, ann, bob.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
  EXPECT_EQ(Refused(Friend(Verb::kRequest, bob, ann)), v1::PERMISSION_DENIED);
  EXPECT_EQ(Refused(Friend(Verb::kUnban, bob, ann)), v1::PERMISSION_DENIED);
  ASSERT_EQ(Friend(Verb::kUnban, ann, bob.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), "");
  EXPECT_THAT(Told(messaging_.Take()),
              ElementsAre(Feed(ann, bob, "open v4"), To(ann, bob, "unbanned online with email"),
                          To(bob, ann, "unbanned online with email")));
  EXPECT_EQ(Entry(bob, ann), "friend");
}

TEST_F(FriendServiceTest, MutualBansMustBothBeLifted) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kBan, ann, bob), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kBan, bob, ann), absl::OkStatus());
  EXPECT_EQ(Entry(ann, bob), "banned");
  EXPECT_EQ(Entry(bob, ann), "banned");
  ASSERT_EQ(Friend(Verb::kUnban, ann, bob), absl::OkStatus());
  EXPECT_EQ(Entry(ann, bob), "ban");
  EXPECT_EQ(Entry(bob, ann), "banned");
  messaging_.Take();
  ASSERT_EQ(Friend(Verb::kUnban, bob, ann), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()).front(), Feed(ann, bob, "open v6"));
  EXPECT_EQ(Entry(ann, bob), "friend");
  EXPECT_EQ(Entry(bob, ann), "friend");
}

TEST_F(FriendServiceTest, AMuteIsAFeatureOfTheOwnContactAndIsTold) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Friend(Verb::kMute, ann, bob), absl::OkStatus());
    const std::vector<v1::Change> told = messaging_.Take();
    EXPECT_THAT(Told(told),
                ElementsAre(To(ann, bob, "muted with email " + bob.phone_id + "_MUTE")));
    EXPECT_EQ(told[0].notice().record().contact().settings(0).ShortDebugString(),
              "id: \"" + bob.phone_id +
                  "_MUTE\" key: \"MUTE\" value: \"true\" group: \"CONTACT_SETTINGS\"");
  }
  ASSERT_EQ(Friend(Verb::kUnmute, ann, bob), absl::OkStatus());
  EXPECT_THAT(Told(messaging_.Take()), ElementsAre(To(ann, bob, "unmuted with email")));
}

TEST_F(FriendServiceTest, WithoutMessagingSuccessIsNeverClaimedAndTheSweeperTellsItLater) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob), absl::OkStatus());
  messaging_.Take();
  messaging_.SetAway(true);
  v1::Io io;
  EXPECT_TRUE(absl::IsUnavailable(Friend(Verb::kConfirm, bob, ann.phone_id, &io)));
  EXPECT_TRUE(absl::IsUnavailable(Friend(Verb::kConfirm, bob, ann.phone_id, &io)));
  messaging_.SetAway(false);
  ASSERT_EQ(Friend(Verb::kConfirm, bob, ann.phone_id, &io), absl::OkStatus());
  EXPECT_EQ(Text(io), kBothAdded);
  EXPECT_THAT(Told(messaging_.Take()),
              ElementsAre(Feed(ann, bob, "open v2"), To(bob, ann, "friend with email"),
                          To(ann, bob, "friend with email")));
}

TEST_F(FriendServiceTest, ARepeatedPublishGetsTheFirstAnswerOfWhatItChanged) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  v1::Packet packet;
  packet.set_id(7);
  packet.set_hash("0123456789abcdef");
  v1::Io io;
  ASSERT_EQ(Friend(Verb::kRevoke, ann, bob.phone_id, &io, &packet), absl::OkStatus());
  messaging_.Take();
  packet.set_dup(true);
  EXPECT_EQ(Friend(Verb::kRevoke, ann, bob.phone_id, &io, &packet), absl::OkStatus());
  EXPECT_THAT(messaging_.Take(), IsEmpty());
  packet.set_id(8);
  EXPECT_EQ(Refused(Friend(Verb::kRevoke, ann, bob.phone_id, &io, &packet)), v1::CONTACT_NOT_FOUND);
}

TEST_F(FriendServiceTest, RequestsPerDayAreLimitedPerPhone) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  for (int64_t i = 0; i < kRequestsPerDay; ++i) {
    v1::Io io;
    EXPECT_EQ(Refused(Friend(Verb::kRequest, ann, "15551234567_999999", &io)),
              v1::ROSTER_NOT_FOUND);
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Friend(Verb::kRequest, ann, bob)));
  EXPECT_EQ(Entry(ann, bob), "");
  EXPECT_EQ(Friend(Verb::kRequest, bob, ann), absl::OkStatus());
  EXPECT_EQ(Friend(Verb::kConfirm, ann, bob), absl::OkStatus());
}

TEST_F(FriendServiceTest, ARosterTakesOnlySoManyContacts) {
  const Person ann = Join("Ann"), eve = Join("Eve");
  for (int64_t i = 0; i < kContactsPerRoster; ++i) {
    ASSERT_EQ(Friend(Verb::kRequest, Join("Friend"), ann), absl::OkStatus());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Friend(Verb::kRequest, ann, eve)));
  EXPECT_TRUE(absl::IsResourceExhausted(Friend(Verb::kRequest, eve, ann)));
  EXPECT_EQ(Entry(eve, ann), "");
}

TEST_F(FriendServiceTest, ConcurrentVerbsOfAPairAreSerialAndMessagingSeesTheirOrder) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  const auto work = [this](const Person& who, const Person& whom, unsigned seed) {
    constexpr Verb kVerbs[] = {Verb::kConfirm, Verb::kRevoke, Verb::kBan, Verb::kUnban,
                               Verb::kMute};
    for (int i = 0; i < 25; ++i) {
      const absl::Status status = Friend(kVerbs[(seed + i * 7 + i / 3) % 5], who, whom);
      EXPECT_TRUE(status.ok() || rpc::RefusalOf(status).has_value()) << status;
    }
  };
  std::thread threads[] = {std::thread(work, ann, bob, 0), std::thread(work, bob, ann, 2),
                           std::thread(work, ann, bob, 3), std::thread(work, bob, ann, 4)};
  for (std::thread& thread : threads) thread.join();
  int64_t version = 2;
  bool open = true;
  for (const v1::Change& change : messaging_.Take()) {
    if (!change.has_friendship()) continue;
    EXPECT_GT(change.friendship().version(), version);
    EXPECT_NE(change.friendship().open(), open);
    version = change.friendship().version();
    open = change.friendship().open();
  }
  EXPECT_EQ(open, Entry(ann, bob) == "friend" && Entry(bob, ann) == "friend");
  EXPECT_EQ(Entry(ann, bob) == "friend", Entry(bob, ann) == "friend");
}

}  // namespace
}  // namespace chat::roster
