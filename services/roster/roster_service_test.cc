#include "services/roster/roster_service.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Stub = v1::RosterService::Stub;

class RosterServiceTest : public RosterFixture {
 protected:
  absl::Status Patch(const Person& who, const v1::Roster& request) {
    v1::Reply reply;
    const absl::Status status = As(who, &Stub::Patch, *rosters_, request, &reply);
    EXPECT_EQ(reply.records_size(), 0);
    return status;
  }
  absl::Status Nick(const Person& who, const std::string& nick) {
    v1::Roster request;
    request.set_nick(nick);
    v1::Reply reply;
    return As(who, &Stub::Nick, *rosters_, request, &reply);
  }
  // The only thing that messaging was told: a roster for the devices of `who`.
  v1::Roster Broadcast(const Person& who) {
    const std::vector<v1::Change> changes = messaging_.Take();
    if (changes.size() != 1) {
      ADD_FAILURE() << changes.size() << " changes";
      return {};
    }
    EXPECT_EQ(changes[0].notice().account_id(), who.account.value);
    return changes[0].notice().record().roster();
  }
};

v1::ErrorCode Refused(const absl::Status& status) {
  return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
}

TEST_F(RosterServiceTest, GetShowsContactsWithTheirFeedsAndPresence) {
  const Person ann = Join("Ann"), bob = Join("Bob"), cid = Join("Cid");
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRequest, ann, cid), absl::OkStatus());
  presence_.Set(bob.account);
  v1::Roster request;
  v1::Reply reply;
  ASSERT_EQ(As(ann, &Stub::Get, *rosters_, request, &reply), absl::OkStatus());
  const v1::Roster& roster = reply.records(0).roster();
  EXPECT_EQ(roster.id(), ann.roster.value);
  EXPECT_EQ(roster.phone(), ann.phone);
  EXPECT_EQ(roster.names(), "Ann");
  EXPECT_EQ(roster.email(), "Ann@example.org");
  EXPECT_FALSE(roster.has_nick());
  EXPECT_EQ(roster.status(), v1::Roster::GET);
  ASSERT_EQ(roster.userlist_size(), 2);
  const v1::Contact& contact = roster.userlist(0);
  EXPECT_EQ(contact.phone_id(), bob.phone_id);
  EXPECT_EQ(contact.names(), "Bob");
  EXPECT_EQ(contact.email(), "Bob@example.org");
  EXPECT_EQ(contact.reader(), bob.roster.value);
  EXPECT_EQ(contact.unread(), 3);
  EXPECT_EQ(contact.last_msg().msg_id(), "last");
  EXPECT_EQ(contact.presence(), v1::ONLINE);
  EXPECT_EQ(contact.status(), v1::Contact::FRIEND);
  EXPECT_FALSE(contact.has_vox_id());
  EXPECT_EQ(roster.userlist(1).status(), v1::Contact::REQUEST);
  EXPECT_FALSE(roster.userlist(1).has_email());
  EXPECT_EQ(roster.userlist(1).presence(), v1::OFFLINE);
}

TEST_F(RosterServiceTest, AForeignRosterIsNotFoundWhateverTheRequestClaims) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  v1::Roster request;
  request.set_id(bob.roster.value);
  request.set_names("Mine now");
  v1::Reply reply;
  EXPECT_EQ(Refused(As(ann, &Stub::Get, *rosters_, request, &reply)), v1::ROSTER_NOT_FOUND);
  EXPECT_EQ(Refused(Patch(ann, request)), v1::NOT_FOUND);
  EXPECT_EQ(Refused(As(ann, &Stub::Nick, *rosters_, request, &reply)), v1::NOT_FOUND);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
  EXPECT_EQ((*store_->Find(Soon(), bob.roster))->names, "Bob");
}

TEST_F(RosterServiceTest, PatchWritesWhatIsGivenClearsWhatIsEmptyAndTellsTheOwnDevices) {
  const Person ann = Join("Ann");
  v1::Roster request;
  request.set_surnames("Koval");
  request.set_email("");
  request.set_avatar("https://cdn.example.org/a/1.png");
  request.set_nick("Ann." + ann.phone);
  request.set_phone("1");
  request.set_update(5);
  const int64_t before = (*store_->Find(Soon(), ann.roster))->update_ms;
  ASSERT_EQ(Patch(ann, request), absl::OkStatus());
  v1::Roster told = Broadcast(ann);
  EXPECT_GE(told.update(), before);
  told.clear_update();
  EXPECT_EQ(told.ShortDebugString(),
            "id: " + std::to_string(ann.roster.value) +
                " names: \"Ann\" surnames: \"Koval\" nick: \"Ann." + ann.phone + "\" phone: \"" +
                ann.phone + "\" avatar: \"https://cdn.example.org/a/1.png\" status: PATCH");
}

TEST_F(RosterServiceTest, ANickIsUniqueAfterFoldingAndTheOwnOneIsNotTaken) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const std::string tail = "_" + ann.phone;
  ASSERT_EQ(Nick(ann, "Ünal" + tail), absl::OkStatus());
  v1::Roster told = Broadcast(ann);
  EXPECT_EQ(told.nick(), "Ünal" + tail);
  EXPECT_EQ(told.names(), "Ann");
  EXPECT_EQ(told.status(), v1::Roster::NICK);
  EXPECT_EQ(Refused(Nick(bob, "üNAL" + tail)), v1::NICK);
  EXPECT_THAT(messaging_.Take(), IsEmpty());
  ASSERT_EQ(Nick(ann, "üNAL" + tail), absl::OkStatus());
  EXPECT_EQ(Broadcast(ann).nick(), "üNAL" + tail);
  ASSERT_EQ(Nick(ann, ""), absl::OkStatus());
  EXPECT_FALSE(Broadcast(ann).has_nick());
  EXPECT_EQ(Nick(bob, "ünal" + tail), absl::OkStatus());
}

TEST_F(RosterServiceTest, ABadNickIsRefusedInNickAndInPatch) {
  const Person ann = Join("Ann");
  EXPECT_EQ(Refused(Nick(ann, "a")), v1::INVALID_NICK);
  EXPECT_EQ(Refused(Nick(ann, "no spaces")), v1::INVALID_NICK);
  v1::Roster request;
  request.set_nick("no/slash");
  request.set_names("Changed");
  EXPECT_EQ(Refused(Patch(ann, request)), v1::INVALID_NICK);
  EXPECT_EQ((*store_->Find(Soon(), ann.roster))->names, "Ann");
}

TEST_F(RosterServiceTest, ListShowsTheOwnRostersWithoutListsAndStatus) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  v1::Reply reply;
  ASSERT_EQ(As(ann, &Stub::List, *rosters_, v1::Roster(), &reply), absl::OkStatus());
  const v1::Io& io = reply.records(0).io();
  EXPECT_EQ(io.data_case(), v1::Io::kNothing);
  ASSERT_EQ(io.list().records_size(), 1);
  const v1::Roster& roster = io.list().records(0).roster();
  EXPECT_EQ(roster.id(), ann.roster.value);
  EXPECT_EQ(roster.userlist_size(), 0);
  EXPECT_FALSE(roster.has_status());
  Person nobody;
  nobody.account = {999'999'999};
  EXPECT_EQ(Refused(As(nobody, &Stub::List, *rosters_, v1::Roster(), &reply)),
            v1::PROFILE_NOT_FOUND);
}

TEST_F(RosterServiceTest, WithoutMessagingPatchAndGetAreUnavailable) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Befriend(ann, bob);
  messaging_.SetAway(true);
  v1::Roster request;
  request.set_names("Anna");
  v1::Reply reply;
  EXPECT_TRUE(absl::IsUnavailable(Patch(ann, request)));
  EXPECT_TRUE(absl::IsUnavailable(As(ann, &Stub::Get, *rosters_, v1::Roster(), &reply)));
  messaging_.SetAway(false);
  EXPECT_EQ(Patch(ann, request), absl::OkStatus());
  EXPECT_EQ(messaging_.Take().size(), 2u);
}

// ---- create ----

class RosterCreateTest : public RosterServiceTest {
 protected:
  absl::Status Create(const Person& who, const std::string& names, v1::Roster* made,
                      const v1::Packet* packet = nullptr) {
    v1::Roster request;
    request.set_id(who.roster.value);
    request.set_names(names);
    request.set_nick("ignored");
    v1::Reply reply;
    const absl::Status status = As(who, &Stub::Create, *rosters_, request, &reply, packet);
    if (status.ok()) *made = reply.records(0).roster();
    return status;
  }
};

TEST_F(RosterCreateTest, AFurtherRosterIsKnownToMessagingAndToTheOwnDevicesBeforeTheReply) {
  const Person ann = Join("Ann");
  v1::Roster made;
  ASSERT_EQ(Create(ann, "Ann at work", &made), absl::OkStatus());
  EXPECT_NE(made.id(), ann.roster.value);
  EXPECT_EQ(made.names(), "Ann at work");
  EXPECT_EQ(made.phone(), ann.phone);
  EXPECT_FALSE(made.has_nick());
  EXPECT_EQ(made.status(), v1::Roster::CREATE);
  const std::string account = std::to_string(ann.account.value);
  EXPECT_THAT(
      Told(messaging_.Take()),
      ElementsAre("roster of " + account + ": " + ann.phone + "_" + std::to_string(made.id()),
                  "to " + account + ": roster create, rosters changed"));
  EXPECT_EQ(store_->RostersOf(Soon(), ann.account)->size(), 2u);
}

TEST_F(RosterCreateTest, APhoneHasAsManyRostersAsItMay) {
  const Person ann = Join("Ann");
  v1::Roster made;
  for (int i = 1; i < kRostersPerPhone; ++i) {
    ASSERT_EQ(Create(ann, "Another", &made), absl::OkStatus());
  }
  EXPECT_EQ(Refused(Create(ann, "One more", &made)), v1::PERMISSION_DENIED);
  Person nobody;
  nobody.account = {1 << 30};
  EXPECT_EQ(Refused(Create(nobody, "None", &made)), v1::PROFILE_NOT_FOUND);
}

TEST_F(RosterCreateTest, ARepeatedPublishMakesNoSecondOne) {
  const Person ann = Join("Ann");
  v1::Packet packet;
  packet.set_id(7);
  packet.set_hash("hash");
  v1::Roster made, again;
  ASSERT_EQ(Create(ann, "Another", &made, &packet), absl::OkStatus());
  packet.set_dup(true);
  ASSERT_EQ(Create(ann, "Another", &again, &packet), absl::OkStatus());
  EXPECT_EQ(again.SerializeAsString(), made.SerializeAsString());
  packet.set_dup(false);
  ASSERT_EQ(Create(ann, "Another", &again, &packet), absl::OkStatus());
  EXPECT_NE(again.id(), made.id()) << "a new PUBLISH with an old packet id";
}

// ---- update ----

class RosterUpdateTest : public RosterServiceTest {
 protected:
  absl::Status Update(const Person& who, const v1::Roster& request) {
    v1::Reply reply;
    const absl::Status status = As(who, &Stub::Update, *rosters_, request, &reply);
    if (status.ok()) updated_ = reply.records(0).roster();
    return status;
  }
  v1::Roster updated_;
};

TEST_F(RosterUpdateTest, ItAnswersWithWhatChangedAfterItsTime) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve");
  Befriend(ann, bob);
  Befriend(ann, eve);
  rooms_.SetRoom("room", 1000, {ann.roster});
  v1::Roster request;
  ASSERT_EQ(Update(ann, request), absl::OkStatus());
  EXPECT_EQ(updated_.status(), v1::Roster::UPDATE);
  ASSERT_EQ(updated_.userlist_size(), 2);
  ASSERT_EQ(updated_.roomlist_size(), 1);
  request.set_update(updated_.userlist(1).update());
  ASSERT_EQ(Update(ann, request), absl::OkStatus());
  EXPECT_EQ(updated_.userlist_size(), 0);
  EXPECT_EQ(updated_.roomlist_size(), 0);
  v1::Roster patch;
  patch.set_names("Robert");
  v1::Reply reply;
  ASSERT_EQ(As(bob, &Stub::Patch, *rosters_, patch, &reply), absl::OkStatus());
  ASSERT_EQ(Update(ann, request), absl::OkStatus());
  ASSERT_EQ(updated_.userlist_size(), 1);
  EXPECT_EQ(updated_.userlist(0).names(), "Robert");
  EXPECT_EQ(updated_.userlist(0).unread(), 3);
}

TEST_F(RosterUpdateTest, ItWritesWhatIsNotEmptyAndTellsOnlyAChange) {
  const Person ann = Join("Ann");
  v1::Roster request;
  request.set_names("Anna");
  request.set_email("");
  request.set_phone("+" + ann.phone);
  ASSERT_EQ(Update(ann, request), absl::OkStatus());
  EXPECT_EQ(updated_.names(), "Anna");
  EXPECT_EQ(updated_.email(), "Ann@example.org") << "an update clears nothing";
  EXPECT_EQ(messaging_.Take().size(), 1u);
  ASSERT_EQ(Update(ann, request), absl::OkStatus());
  EXPECT_THAT(messaging_.Take(), IsEmpty());
}

TEST_F(RosterUpdateTest, StrangersAndBadFieldsAreRefused) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  v1::Roster request;
  request.set_id(bob.roster.value);
  EXPECT_EQ(Refused(Update(ann, request)), v1::ROSTER_NOT_FOUND);
  request.set_phone(bob.phone);
  EXPECT_EQ(Refused(Update(ann, request)), v1::NOT_AUTHORIZED);
  v1::Roster nick;
  nick.set_nick("no blanks");
  EXPECT_EQ(Refused(Update(ann, nick)), v1::INVALID_NICK);
  nick.set_nick("Taken_" + std::to_string(ann.account.value));
  ASSERT_EQ(Update(bob, nick), absl::OkStatus());
  EXPECT_EQ(Refused(Update(ann, nick)), v1::NICK);
}

TEST_F(RosterUpdateTest, RoomsThatCannotBeAskedAreNotHidden) {
  const Person ann = Join("Ann");
  rooms_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(Update(ann, v1::Roster())));
}

}  // namespace
}  // namespace chat::roster
