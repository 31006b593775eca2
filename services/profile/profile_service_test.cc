// Profile and Person over gRPC, on a real PostgreSQL (PROTOCOL 5.2, 5.3).
#include "services/profile/profile_fixture.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";

class ProfileServiceTest : public ProfileFixture {};

TEST_F(ProfileServiceTest, EnsuringAnAccountTwiceChangesNothing) {
  v1::AccountReply first, second;
  ASSERT_TRUE(Ensure("+380670001234", &first).ok());
  ASSERT_TRUE(Ensure(kPhone, &second).ok());
  EXPECT_EQ(first.account_id(), second.account_id());
  EXPECT_EQ(first.phone(), kPhone);
  ASSERT_EQ(first.rosters_size(), 1);
  EXPECT_EQ(first.rosters(0).id(), first.account_id() * 10);
  EXPECT_EQ(first.rosters(0).phone_id(), kPhone + ("_" + std::to_string(first.rosters(0).id())));
}

TEST_F(ProfileServiceTest, AnAccountWithoutRosterGetsItWhenRosterIsBack) {
  v1::AccountReply reply;
  journal_.Break("roster.EnsureRoster");
  journal_.Break("roster.Rosters");
  EXPECT_EQ(Ensure(kPhone, &reply).code(), absl::StatusCode::kUnavailable);
  journal_.Break("roster.EnsureRoster", false);
  journal_.Break("roster.Rosters", false);
  ASSERT_TRUE(Ensure(kPhone, &reply).ok());
  EXPECT_EQ(reply.rosters_size(), 1);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.account"), "1");
}

TEST_F(ProfileServiceTest, WhatIsNoPhoneGetsNoAccount) {
  v1::AccountReply reply;
  EXPECT_EQ(Ensure("1234", &reply).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ProfileServiceTest, OpenGivesTheFullProfileOfAConnectedDevice) {
  v1::AccountReply account, opened;
  ASSERT_TRUE(Ensure(kPhone, &account).ok());
  ASSERT_TRUE(Open(account.account_id(), &opened).ok());
  EXPECT_EQ(opened.account_id(), account.account_id());
  EXPECT_EQ(opened.phone(), kPhone);
  ASSERT_EQ(opened.rosters_size(), 1);
  const v1::Profile& profile = opened.profile();
  EXPECT_EQ(profile.phone(), kPhone);
  EXPECT_EQ(profile.status(), v1::Profile::INIT);
  EXPECT_EQ(profile.presence(), v1::ONLINE);
  EXPECT_GT(profile.update(), 0);
  ASSERT_EQ(profile.rosters_size(), 1);
  EXPECT_EQ(profile.rosters(0).roster().id(), opened.rosters(0).id());
}

TEST_F(ProfileServiceTest, OpenTellsAnAccountThatIsNotThereFromARosterThatIsAway) {
  v1::AccountReply account, opened;
  ASSERT_TRUE(Ensure(kPhone, &account).ok());
  EXPECT_EQ(Open(account.account_id() + 1, &opened).code(), absl::StatusCode::kNotFound);
  journal_.Break("roster.EnsureRoster");
  journal_.Break("roster.Rosters");
  EXPECT_EQ(Open(account.account_id(), &opened).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ProfileServiceTest, GetGivesTheOwnProfileAndNoOther) {
  const rpc::Call call = As(kPhone);
  for (const char* phone : {"", kPhone, "+380670001234"}) {
    v1::Profile request;
    if (*phone != '\0') request.set_phone(phone);
    v1::Reply reply;
    ASSERT_TRUE(rpc::Invoke(call, *profile_, &Stub::Get, request, &reply).ok());
    ASSERT_EQ(reply.records_size(), 1);
    EXPECT_EQ(reply.records(0).profile().phone(), kPhone);
    EXPECT_EQ(reply.records(0).profile().status(), v1::Profile::GET);
    EXPECT_EQ(reply.records(0).profile().presence(), v1::ONLINE);
    EXPECT_EQ(reply.records(0).profile().rosters_size(), 1);
  }
  v1::Profile other;
  other.set_phone("4917000001");
  v1::Reply reply;
  ExpectRefused(rpc::Invoke(call, *profile_, &Stub::Get, other, &reply), v1::NOT_AUTHORIZED);
}

TEST_F(ProfileServiceTest, SetReplacesTheSettings) {
  const rpc::Call call = As(kPhone);
  v1::Profile request;
  request.add_settings()->set_id("1");
  request.set_balance(7);
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(call, *profile_, &Stub::Set, request, &reply).ok());
  EXPECT_EQ(reply.records(0).profile().status(), v1::Profile::SET);
  EXPECT_EQ(reply.records(0).profile().settings_size(), 1);
  EXPECT_EQ(reply.records(0).profile().balance(), 0);
  reply.Clear();
  ASSERT_TRUE(rpc::Invoke(call, *profile_, &Stub::Set, v1::Profile(), &reply).ok());
  EXPECT_EQ(reply.records(0).profile().settings_size(), 1) << "an empty list leaves them";
  request.add_settings()->set_id("1");
  ExpectRefused(rpc::Invoke(call, *profile_, &Stub::Set, request, &reply), v1::INVALID_DATA);
  request.Clear();
  request.set_phone("4917000001");
  ExpectRefused(rpc::Invoke(call, *profile_, &Stub::Set, request, &reply), v1::NOT_AUTHORIZED);
}

TEST_F(ProfileServiceTest, APersonIsWrittenAndReadByItsOwnerOnly) {
  const rpc::Call call = As(kPhone);
  using Stub = v1::PersonService::Stub;
  v1::Person request;
  request.set_id(kPhone);
  request.set_names("Olena");
  request.set_balance(9);
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(call, *person_, &Stub::Set, request, &reply).ok());
  EXPECT_EQ(reply.records(0).person().status(), v1::Person::SET);
  EXPECT_EQ(reply.records(0).person().names(), "Olena");
  EXPECT_EQ(reply.records(0).person().balance(), 0);

  v1::Person read;
  read.set_id(call.caller.rosters(0).phone_id());
  reply.Clear();
  ASSERT_TRUE(rpc::Invoke(call, *person_, &Stub::Get, read, &reply).ok());
  EXPECT_EQ(reply.records(0).person().id(), kPhone);
  EXPECT_EQ(reply.records(0).person().names(), "Olena");
  EXPECT_EQ(reply.records(0).person().status(), v1::Person::GET);

  const rpc::Call stranger = As("4917000001");
  ExpectRefused(rpc::Invoke(stranger, *person_, &Stub::Get, read, &reply), v1::NOT_AUTHORIZED);
  ExpectRefused(rpc::Invoke(stranger, *person_, &Stub::Set, request, &reply), v1::NOT_AUTHORIZED);
}

TEST_F(ProfileServiceTest, UpdateSetsTheTimeAndShowsTheRostersAgain) {
  const rpc::Call call = As(kPhone);
  Pass("1 hour");
  v1::Reply reply;
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(Ask(call, &Stub::Update, {}, &reply).ok());
    EXPECT_EQ(reply.records(0).profile().status(), v1::Profile::UPDATE);
    EXPECT_EQ(reply.records(0).profile().rosters_size(), 1);
    EXPECT_EQ(journal_.Take().back(),
              "roster.Announce " + std::to_string(call.caller.account_id()));
  }
  EXPECT_EQ(database_.Exec("SELECT now() - updated < interval '1 minute' FROM profile.account"),
            "t");
  v1::Profile foreign;
  foreign.set_phone("4917000001");
  ExpectRefused(Ask(call, &Stub::Update, foreign), v1::NOT_AUTHORIZED);
  journal_.Break("roster.Announce");
  EXPECT_EQ(Ask(call, &Stub::Update, {}).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ProfileServiceTest, TheDirectoryLearnsWhoWantsToBeFoundBeforeTheAnswer) {
  const rpc::Call call = As(kPhone);
  const std::string id = std::to_string(call.caller.account_id());
  const auto set = [&](const std::string& value) {
    v1::Profile request;
    request.add_settings()->set_id("1");
    request.mutable_settings(0)->set_key("SEARCH");
    request.mutable_settings(0)->set_value(value);
    EXPECT_TRUE(Ask(call, &Stub::Set, request).ok());
    return journal_.Take().front();
  };
  EXPECT_EQ(set("none"), "roster.PutAccount " + id + " v1 NOBODY");
  EXPECT_EQ(set("none"), "roster.Rosters " + id) << "nothing new";
  EXPECT_EQ(set("friends"), "roster.PutAccount " + id + " v2 FRIENDS");
  EXPECT_EQ(set("everybody"), "roster.PutAccount " + id + " v3 EVERYBODY");
  journal_.Break("roster.PutAccount");
  v1::Profile request;
  request.add_settings()->set_id("SEARCH");
  request.mutable_settings(0)->set_value("none");
  EXPECT_EQ(Ask(call, &Stub::Set, request).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chat::profile
