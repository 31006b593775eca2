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

}  // namespace
}  // namespace chat::roster
