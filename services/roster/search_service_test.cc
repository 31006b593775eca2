#include "services/roster/search_service.h"

#include <gmock/gmock.h>

#include "services/roster/roster_fixture.h"

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Stub = v1::SearchService::Stub;

v1::ErrorCode Refused(const absl::Status& status) {
  return rpc::RefusalOf(status).value_or(v1::ERROR_CODE_UNSET);
}

v1::Search ForPhone(const Person& who, const std::string& phone) {
  v1::Search search;
  search.set_id(who.roster.value);
  search.set_ref("ref");
  search.set_field("phone");
  search.set_type("==");
  search.set_one(phone);
  return search;
}

class SearchServiceTest : public RosterFixture {
 protected:
  absl::Status Search(const Person& who, const v1::Search& request) {
    return As(who, &Stub::Contact, *searches_, request, &reply_);
  }
  // What `who` finds under the phone of `whom`.
  std::vector<v1::Contact> Find(const Person& who, const Person& whom) {
    const absl::Status status = Search(who, ForPhone(who, whom.phone));
    EXPECT_TRUE(status.ok()) << status;
    const auto& found = reply_.records(0).io().roster().userlist();
    return {found.begin(), found.end()};
  }
  v1::Reply reply_;
};

TEST_F(SearchServiceTest, TheReplyEchoesReferenceAndRosterAndShowsTheContact) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  ASSERT_EQ(Search(ann, ForPhone(ann, "+" + bob.phone)), absl::OkStatus());
  ASSERT_EQ(reply_.records_size(), 1);
  const v1::Io& io = reply_.records(0).io();
  EXPECT_EQ(io.ok().text(), "ref");
  v1::Roster roster = io.roster();
  ASSERT_EQ(roster.userlist_size(), 1);
  EXPECT_GT(roster.userlist(0).update(), 0);
  roster.mutable_userlist(0)->clear_update();
  EXPECT_EQ(roster.ShortDebugString(), "id: " + std::to_string(ann.roster.value) +
                                           " userlist { phone_id: \"" + bob.phone_id +
                                           "\" names: \"Bob\" } status: CONTACT");
}

TEST_F(SearchServiceTest, EverySelectorSearchesAlikeAndEchoesItself) {
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const v1::Search&, v1::Reply*);
  const Person ann = Join("Ann"), bob = Join("Bob");
  const std::vector<std::pair<Method, v1::Roster::Status>> selectors = {
      {&Stub::Contact, v1::Roster::CONTACT},
      {&Stub::Profile, v1::Roster::PROFILE},
      {&Stub::Roster, v1::Roster::ROSTER},
      {&Stub::Member, v1::Roster::MEMBER}};
  for (const auto& [method, status] : selectors) {
    ASSERT_EQ(As(ann, method, *searches_, ForPhone(ann, bob.phone), &reply_), absl::OkStatus());
    const v1::Roster& roster = reply_.records(0).io().roster();
    EXPECT_EQ(roster.status(), status);
    EXPECT_EQ(roster.userlist(0).phone_id(), bob.phone_id);
  }
}

TEST_F(SearchServiceTest, WithoutIdTheOldestRosterSearchesAndNoReferenceIsEchoed) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  v1::Search request = ForPhone(ann, bob.phone);
  request.clear_id();
  request.clear_ref();
  ASSERT_EQ(Search(ann, request), absl::OkStatus());
  const v1::Io& io = reply_.records(0).io();
  EXPECT_EQ(io.code_case(), v1::Io::kOk);
  EXPECT_EQ(io.ok().code_case(), v1::Ok::CODE_NOT_SET);
  EXPECT_EQ(io.roster().id(), ann.roster.value);
}

TEST_F(SearchServiceTest, NobodyFoundIsAnEmptyList) {
  const Person ann = Join("Ann");
  ASSERT_EQ(Search(ann, ForPhone(ann, "15550000000")), absl::OkStatus());
  EXPECT_EQ(reply_.records(0).io().roster().userlist_size(), 0);
  EXPECT_THAT(Find(ann, ann), IsEmpty());
}

TEST_F(SearchServiceTest, OnlyAFriendIsShownPresenceAndEmail) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  presence_.Set(bob.account);
  auto shown = [&] {
    const v1::Contact contact = Find(ann, bob).at(0);
    return std::tuple(contact.status(), contact.presence(), contact.email());
  };
  EXPECT_EQ(shown(), std::tuple(v1::Contact::STATUS_UNSET, v1::PRESENCE_UNSET, ""));
  ASSERT_EQ(Friend(Verb::kRequest, bob, ann), absl::OkStatus());
  EXPECT_EQ(shown(), std::tuple(v1::Contact::AUTHORIZATION, v1::PRESENCE_UNSET, ""));
  ASSERT_EQ(Friend(Verb::kConfirm, ann, bob), absl::OkStatus());
  EXPECT_EQ(shown(), std::tuple(v1::Contact::FRIEND, v1::ONLINE, "Bob@example.org"));
  ASSERT_EQ(Friend(Verb::kBan, ann, bob), absl::OkStatus());
  EXPECT_EQ(shown(), std::tuple(v1::Contact::BANNED, v1::PRESENCE_UNSET, ""));
  EXPECT_THAT(Find(bob, ann), IsEmpty());
  ASSERT_EQ(Friend(Verb::kUnban, ann, bob), absl::OkStatus());
  EXPECT_EQ(Find(bob, ann).at(0).presence(), v1::OFFLINE);
}

TEST_F(SearchServiceTest, ANickIsFoundInAnyCase) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  v1::Roster named;
  named.set_nick("Ünal_" + bob.phone);
  v1::Reply reply;
  ASSERT_EQ(As(bob, &v1::RosterService::Stub::Nick, *rosters_, named, &reply), absl::OkStatus());
  v1::Search request = ForPhone(ann, "üNAL_" + bob.phone);
  request.set_field("nick");
  ASSERT_EQ(Search(ann, request), absl::OkStatus());
  ASSERT_EQ(reply_.records(0).io().roster().userlist_size(), 1);
  EXPECT_EQ(reply_.records(0).io().roster().userlist(0).nick(), "Ünal_" + bob.phone);
}

TEST_F(SearchServiceTest, WhoSearchesIsCheckedBeforeWhatIsSearched) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  Person nobody;
  nobody.account = {999'999'999};
  v1::Search bad = ForPhone(ann, bob.phone);
  bad.set_type("!=");
  EXPECT_EQ(Refused(Search(nobody, bad)), v1::PROFILE_NOT_FOUND);
  EXPECT_EQ(Refused(Search(bob, bad)), v1::NOT_AUTHORIZED);
  EXPECT_EQ(Refused(Search(ann, bad)), v1::INVALID_DATA);
  bad.set_id(999'999'999);
  EXPECT_EQ(Refused(Search(ann, bad)), v1::ROSTER_NOT_FOUND);
}

TEST_F(SearchServiceTest, RequestsOfADayAreLimitedAndRefusedOnesAreNotCounted) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  v1::Search bad = ForPhone(ann, bob.phone);
  bad.set_field("link");
  for (int64_t i = 0; i < kSearchLimits.requests_per_day; ++i) {
    EXPECT_EQ(Refused(Search(ann, bad)), v1::INVALID_DATA);
    EXPECT_EQ(Search(ann, ForPhone(ann, bob.phone)), absl::OkStatus());
  }
  EXPECT_TRUE(absl::IsResourceExhausted(Search(ann, ForPhone(ann, bob.phone))));
  EXPECT_EQ(Search(bob, ForPhone(bob, ann.phone)), absl::OkStatus());
}

TEST_F(SearchServiceTest, ValuesOfADayAreLimited) {
  const Person ann = Join("Ann");
  v1::Search many = ForPhone(ann, "");
  for (int i = 0; i < 1000; ++i) many.mutable_many()->add_texts("12345");
  EXPECT_EQ(Search(ann, many), absl::OkStatus());
  EXPECT_EQ(Search(ann, many), absl::OkStatus());
  EXPECT_TRUE(absl::IsResourceExhausted(Search(ann, many)));
}

class FindableTest : public SearchServiceTest {
 protected:
  void Put(const Person& who, int64_t version, v1::PutAccountRequest::Search search,
           std::vector<std::string> emails = {}) {
    v1::PutAccountRequest request;
    request.set_account_id(who.account.value);
    request.set_version(version);
    request.set_search(search);
    for (const std::string& email : emails) request.add_emails(email);
    v1::PutAccountReply reply;
    ASSERT_EQ(As(Person(), &v1::RosterInternal::Stub::PutAccount, *inside_, request, &reply),
              absl::OkStatus());
  }
  size_t ByEmail(const Person& who, const std::string& email) {
    v1::Search search = ForPhone(who, email);
    search.set_field("email");
    EXPECT_EQ(Search(who, search), absl::OkStatus());
    return static_cast<size_t>(reply_.records(0).io().roster().userlist_size());
  }
};

TEST_F(FindableTest, AVerifiedAddressIsFoundWhateverItsCaseAndShownToFriendsOnly) {
  const Person ann = Join("Ann"), bob = Join("Bob");
  const std::string mail = bob.phone + "@Example.org";
  EXPECT_EQ(ByEmail(ann, "Bob@example.org"), 0u) << "written in the roster, not verified";
  Put(bob, 1, v1::PutAccountRequest::EVERYBODY, {mail, "other_" + mail, mail});
  EXPECT_EQ(ByEmail(ann, bob.phone + "@example.ORG"), 1u);
  EXPECT_EQ(reply_.records(0).io().roster().userlist(0).phone_id(), bob.phone_id);
  EXPECT_FALSE(reply_.records(0).io().roster().userlist(0).has_email());
  EXPECT_EQ(ByEmail(ann, bob.phone), 0u);
  Put(bob, 3, v1::PutAccountRequest::EVERYBODY, {"other_" + mail});
  Put(bob, 2, v1::PutAccountRequest::NOBODY, {mail});
  EXPECT_EQ(ByEmail(ann, mail), 0u) << "an older version is ignored";
  EXPECT_EQ(ByEmail(ann, "other_" + mail), 1u);
}

TEST_F(FindableTest, WhoWantsToBeFoundByFriendsIsHiddenFromStrangers) {
  const Person ann = Join("Ann"), bob = Join("Bob"), eve = Join("Eve");
  Befriend(ann, bob);
  Put(bob, 1, v1::PutAccountRequest::FRIENDS);
  EXPECT_EQ(Find(ann, bob).size(), 1u);
  EXPECT_TRUE(Find(eve, bob).empty());
  for (const char* type : {"==", "like"}) {
    v1::Search names = ForPhone(eve, "Bob");
    names.set_field("names");
    names.set_type(type);
    ASSERT_EQ(Search(eve, names), absl::OkStatus());
    for (const v1::Contact& found : reply_.records(0).io().roster().userlist()) {
      EXPECT_NE(found.phone_id(), bob.phone_id);
    }
  }
  Put(bob, 2, v1::PutAccountRequest::NOBODY);
  EXPECT_TRUE(Find(ann, bob).empty());
  Put(bob, 3, v1::PutAccountRequest::EVERYBODY);
  EXPECT_EQ(Find(eve, bob).size(), 1u);
}

TEST_F(FindableTest, ACardMayComeBeforeTheFirstRoster) {
  const Person ann = Join("Ann");
  Person late;
  late.account = {ann.account.value + 500'000};
  late.phone = "1" + ann.phone.substr(1);
  Put(late, 1, v1::PutAccountRequest::NOBODY);
  ASSERT_TRUE(store_->Ensure(Soon(), late.account, late.phone).ok());
  EXPECT_TRUE(Find(ann, late).empty());
}

TEST_F(SearchServiceTest, RoomsAreSearchedByTheirOwnService) {
  const Person ann = Join("Ann");
  v1::Search search = ForPhone(ann, "news");
  search.set_field("id");
  ASSERT_EQ(As(ann, &Stub::Room, *searches_, search, &reply_), absl::OkStatus());
  const v1::Io& io = reply_.records(0).io();
  EXPECT_EQ(io.ok().text(), "ref");
  EXPECT_EQ(io.roster().status(), v1::Roster::ROOM);
  EXPECT_EQ(io.roster().userlist_size(), 0);
  ASSERT_EQ(io.roster().roomlist_size(), 1);
  EXPECT_EQ(io.roster().roomlist(0).id(), "news");
  search.set_field("names");
  search.set_type("like");
  search.mutable_many()->add_texts("news");
  search.mutable_many()->add_texts("old");
  ASSERT_EQ(As(ann, &Stub::Room, *searches_, search, &reply_), absl::OkStatus());
  ASSERT_EQ(reply_.records(0).io().roster().roomlist_size(), 2);
  EXPECT_EQ(reply_.records(0).io().roster().roomlist(1).id(), "like old");
  rooms_.SetAway(true);
  EXPECT_TRUE(absl::IsUnavailable(As(ann, &Stub::Room, *searches_, search, &reply_)));
  search.set_field("phone");
  EXPECT_EQ(Refused(As(ann, &Stub::Room, *searches_, search, &reply_)), v1::INVALID_DATA);
}

}  // namespace
}  // namespace chat::roster
