#include "services/roster/roster_contacts.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Stub = v1::RosterService::Stub;

v1::ErrorCode Refused(const absl::Status& status) {
  return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
}

class RosterContactsTest : public RosterFixture {
 protected:
  static v1::Roster With(const Person& who, const std::vector<std::string>& phone_ids) {
    v1::Roster request;
    request.set_id(who.roster.value);
    for (const std::string& id : phone_ids) request.add_userlist()->set_phone_id(id);
    return request;
  }
  absl::Status Add(const Person& who, const std::vector<std::string>& phone_ids) {
    return As(who, &Stub::Add, *rosters_, With(who, phone_ids), &reply_);
  }
  absl::Status Del(const Person& who, const std::vector<std::string>& phone_ids) {
    return As(who, &Stub::Del, *rosters_, With(who, phone_ids), &reply_);
  }
  // "added" or "already_present a b".
  std::string Answer() {
    if (reply_.records_size() != 1) return std::to_string(reply_.records_size()) + " records";
    const v1::Io& io = reply_.records(0).io();
    EXPECT_TRUE(io.has_nothing());
    if (io.has_ok()) return io.ok().atom();
    std::string answer = io.ok2().atom();
    for (const std::string& text : io.ok2().texts().texts()) answer += " " + text;
    return answer;
  }
  std::string To(const Person& who, const Person& about, const std::string& what) {
    return "to " + std::to_string(who.account.value) + ": " + about.phone_id + " " + what;
  }
  std::string Feed(const Person& a, const Person& b, const std::string& what) {
    return "feed " + std::to_string(std::min(a.roster, b.roster).value) + "-" +
           std::to_string(std::max(a.roster, b.roster).value) + " " + what;
  }
  v1::Reply reply_;
};

TEST_F(RosterContactsTest, WhoExistsAndIsNotListedBecomesInternalAndIsNotTold) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve");
  ASSERT_EQ(Add(ann, {bob.phone_id, "15550000000_1", "nonsense", ann.phone_id, bob.phone_id}),
            absl::OkStatus());
  EXPECT_EQ(Answer(), "added");
  EXPECT_EQ(Entry(ann, bob), "internal");
  EXPECT_EQ(Entry(bob, ann), "");
  ASSERT_EQ(Add(ann, {bob.phone_id, bob.phone_id}), absl::OkStatus());
  EXPECT_EQ(Answer(), "already_present " + bob.phone_id);
  ASSERT_EQ(Add(ann, {bob.phone_id, eve.phone_id}), absl::OkStatus());
  EXPECT_EQ(Answer(), "added");
  EXPECT_THAT(messaging_.Take(), IsEmpty());
  ASSERT_EQ(Friend(Verb::kRequest, ann, bob), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kRevoke, ann, bob), absl::OkStatus());
  EXPECT_EQ(Entry(ann, bob), "internal") << "it stays in the phone book";
}

TEST_F(RosterContactsTest, NobodyWhoExistsIsARefusalAndAFullRosterIsTooMany) {
  const Person ann = Join("Ann"), a = Join("A"), b = Join("B"), c = Join("C"), d = Join("D");
  EXPECT_EQ(Refused(Add(ann, {})), v1::CONTACTS_NOT_FOUND);
  EXPECT_EQ(Refused(Add(ann, {ann.phone_id, "15550000000_" + std::to_string(a.roster.value)})),
            v1::CONTACTS_NOT_FOUND);
  v1::Roster foreign = With(ann, {b.phone_id});
  EXPECT_EQ(Refused(As(a, &Stub::Add, *rosters_, foreign, &reply_)), v1::ROSTER_NOT_FOUND);
  EXPECT_TRUE(
      absl::IsResourceExhausted(Add(ann, {a.phone_id, b.phone_id, c.phone_id, d.phone_id})));
  EXPECT_EQ(Entry(ann, a), "") << "all or nothing";
  ASSERT_EQ(Add(ann, {a.phone_id, b.phone_id, c.phone_id}), absl::OkStatus());
}

TEST_F(RosterContactsTest, DeletedEntriesAreRevokedAndNamedInTheReply) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve"), joe = Join("Joe");
  ASSERT_EQ(Add(ann, {eve.phone_id}), absl::OkStatus());
  Befriend(ann, bob);
  ASSERT_EQ(Friend(Verb::kRequest, joe, ann), absl::OkStatus());
  messaging_.Take();
  ASSERT_EQ(Del(ann, {joe.phone_id, "15550000000_1", bob.phone_id, eve.phone_id, bob.phone_id}),
            absl::OkStatus());
  EXPECT_EQ(Answer(), "removed " + joe.phone_id + " " + bob.phone_id + " " + eve.phone_id);
  EXPECT_THAT(
      Told(messaging_.Take()),
      UnorderedElementsAre(Feed(ann, bob, "close v3"), To(ann, bob, "revoke"),
                           To(bob, ann, "revoke"), To(ann, joe, "revoke"), To(joe, ann, "revoke")));
  for (const Person& other : {bob, eve, joe}) {
    EXPECT_EQ(Entry(ann, other), "");
    EXPECT_EQ(Entry(other, ann), "");
  }
  EXPECT_EQ(Refused(Del(ann, {bob.phone_id})), v1::CONTACTS_NOT_FOUND);
  EXPECT_EQ(Refused(Del(ann, {})), v1::CONTACTS_NOT_FOUND);
  Befriend(ann, bob);  // the versions of the feed go on
}

TEST_F(RosterContactsTest, AnOwnBanIsNotDeleted) {
  const Person ann = Join("Ann"), mal = Join("Mal");
  ASSERT_EQ(Friend(Verb::kRequest, mal, ann), absl::OkStatus());
  ASSERT_EQ(Friend(Verb::kBan, ann, mal), absl::OkStatus());
  EXPECT_EQ(Refused(Del(ann, {mal.phone_id})), v1::CONTACTS_NOT_FOUND);
  ASSERT_EQ(Del(mal, {ann.phone_id}), absl::OkStatus());
  EXPECT_EQ(Entry(ann, mal), "banned");
  EXPECT_EQ(Refused(Friend(Verb::kRequest, mal, ann)), v1::PERMISSION_DENIED);
}

TEST_F(RosterContactsTest, AHundredEntriesGoAtOnce) {
  PgRosterStore roomy(*pool_, *outbox_, 1000);
  const Person ann = Join("Ann");
  std::vector<std::string> phone_ids;
  std::vector<RosterId> ids;
  for (int i = 0; i < 100; ++i) {
    const Person other = Join("Other");
    phone_ids.push_back(other.phone_id);
    ids.push_back(other.roster);
  }
  ASSERT_EQ(roomy.List(Soon(), ann.roster, ids)->size(), 100u);
  ASSERT_EQ(Del(ann, phone_ids), absl::OkStatus());
  EXPECT_EQ(reply_.records(0).io().ok2().texts().texts_size(), 100);
}

// ---- Roster/remove ----

class RosterRemoveTest : public RosterContactsTest {
 protected:
  absl::Status Remove(const Person& who) {
    return As(who, &Stub::Remove, *rosters_, With(who, {}), &reply_);
  }
};

TEST_F(RosterRemoveTest, FriendsAreToldBeforeAndRevokedRoomsAreLeft) {
  const Person ann = Join("Ann"), bob = Join("Bob"), joe = Join("Joe");
  Befriend(ann, bob);
  rooms_.SetRoom("room", 1, {ann.roster, joe.roster});
  presence_.Set(bob.account);
  presence_.Set(joe.account);
  rooms_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(Remove(ann)));
  EXPECT_THAT(redis_.Take(0), IsEmpty()) << "nobody is told what is not done";
  rooms_.SetAway(false);
  ASSERT_EQ(Remove(ann), absl::OkStatus());
  EXPECT_EQ(Answer(), "removed");
  EXPECT_THAT(redis_.Take(2), ElementsAre("g:gateway-1: ac/" + ann.phone_id + " " +
                                              std::to_string(bob.account.value) + ":  remove",
                                          "g:gateway-1: muc/" + ann.phone_id + " " +
                                              std::to_string(joe.account.value) + ":  remove"));
  EXPECT_THAT(rooms_.TakeRemoved(), ElementsAre(ann.roster.value));
  EXPECT_THAT(Told(messaging_.Take()),
              UnorderedElementsAre(
                  Feed(ann, bob, "close v3"), To(ann, bob, "revoke"), To(bob, ann, "revoke"),
                  "to " + std::to_string(ann.account.value) + ": roster remove, rosters changed"));
  EXPECT_EQ(Entry(bob, ann), "");
  EXPECT_EQ(Refused(Remove(ann)), v1::ROSTER_NOT_FOUND) << "it was the only one";
  ASSERT_EQ(As(ann, &Stub::List, *rosters_, v1::Roster(), &reply_), absl::OkStatus());
  EXPECT_EQ(reply_.records(0).io().list().records_size(), 0) << "and the profile is still there";
  v1::Roster again;
  again.set_names("Ann again");
  ASSERT_EQ(As(ann, &Stub::Create, *rosters_, again, &reply_), absl::OkStatus());
  EXPECT_EQ(Refused(Remove(ann)), v1::ROSTER_NOT_FOUND);
  EXPECT_EQ(Refused(Remove(Person{bob.account, joe.roster, bob.phone, ""})), v1::ROSTER_NOT_FOUND)
      << "somebody else's";
}

}  // namespace
}  // namespace chat::roster
