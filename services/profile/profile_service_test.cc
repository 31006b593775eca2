// chat-profile over gRPC, on a real PostgreSQL, with a chat-roster that is one map.
#include "services/profile/profile_service.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <mutex>

#include "libs/pg/test_database.h"
#include "libs/rpc/refusal.h"
#include "services/profile/migrations.h"
#include "services/profile/person_service.h"
#include "services/profile/pg_profile_store.h"
#include "services/profile/profile_internal_service.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";

// One roster an account; its id is ten times the account's.
class MapRoster final : public v1::RosterInternal::Service {
 public:
  std::atomic<bool> away = false;

  grpc::Status EnsureRoster(grpc::ServerContext*, const v1::EnsureRosterRequest* request,
                            v1::RostersReply* reply) override {
    std::lock_guard lock(mutex_);
    if (away) return {grpc::StatusCode::UNAVAILABLE, "away"};
    phones_[request->account_id()] = request->phone();
    Fill(request->account_id(), reply);
    return grpc::Status::OK;
  }
  grpc::Status Rosters(grpc::ServerContext*, const v1::RostersRequest* request,
                       v1::RostersReply* reply) override {
    std::lock_guard lock(mutex_);
    if (away) return {grpc::StatusCode::UNAVAILABLE, "away"};
    if (phones_.contains(request->account_id())) Fill(request->account_id(), reply);
    return grpc::Status::OK;
  }

 private:
  void Fill(int64_t account_id, v1::RostersReply* reply) {
    const int64_t id = account_id * 10;
    reply->add_own()->set_id(id);
    reply->mutable_own(0)->set_phone_id(phones_[account_id] + "_" + std::to_string(id));
    reply->add_rosters()->set_id(id);
    reply->mutable_rosters(0)->set_phone(phones_[account_id]);
  }

  std::mutex mutex_;
  std::map<int64_t, std::string> phones_;
};

class ProfileServiceTest : public testing::Test {
 protected:
  ProfileServiceTest() {
    grpc::ServerBuilder roster_builder;
    roster_builder.RegisterService(&roster_);
    roster_server_ = roster_builder.BuildAndStart();
    roster_stub_ = v1::RosterInternal::NewStub(roster_server_->InProcessChannel({}));
    profiles_ = std::make_unique<Profiles>(store_, *roster_stub_);
    service_ = std::make_unique<ProfileService>(*profiles_);
    persons_ = std::make_unique<PersonService>(store_);
    internal_ = std::make_unique<ProfileInternalService>(*profiles_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    builder.RegisterService(persons_.get());
    builder.RegisterService(internal_.get());
    server_ = builder.BuildAndStart();
    auto channel = server_->InProcessChannel({});
    profile_ = v1::ProfileService::NewStub(channel);
    person_ = v1::PersonService::NewStub(channel);
    inside_ = v1::ProfileInternal::NewStub(channel);
  }
  ~ProfileServiceTest() override {
    server_->Shutdown();
    roster_server_->Shutdown();
  }

  absl::Status Ensure(const std::string& phone, v1::AccountReply* reply) {
    v1::EnsureAccountRequest request;
    request.set_phone(phone);
    return rpc::Invoke(rpc::Background(std::chrono::seconds(20)), *inside_,
                       &v1::ProfileInternal::Stub::EnsureAccount, request, reply);
  }
  absl::Status Open(int64_t account_id, v1::AccountReply* reply) {
    v1::OpenProfileRequest request;
    request.set_account_id(account_id);
    return rpc::Invoke(rpc::Background(std::chrono::seconds(20)), *inside_,
                       &v1::ProfileInternal::Stub::Open, request, reply);
  }
  // A call of the phone's device; the account is made when missing.
  rpc::Call As(const std::string& phone) {
    v1::AccountReply account;
    EXPECT_TRUE(Ensure(phone, &account).ok());
    rpc::Call call = rpc::Background(std::chrono::seconds(20));
    call.caller.set_account_id(account.account_id());
    call.caller.set_phone(phone);
    *call.caller.mutable_rosters() = account.rosters();
    return call;
  }
  static void ExpectRefused(const absl::Status& status, v1::ErrorCode code) {
    ASSERT_TRUE(rpc::RefusalOf(status)) << status.ToString();
    EXPECT_EQ(*rpc::RefusalOf(status), code);
  }

  pg::TestDatabase database_{"profile", kMigrations};
  PgProfileStore store_{database_.pool()};
  MapRoster roster_;

 private:
  std::unique_ptr<grpc::Server> roster_server_;
  std::unique_ptr<v1::RosterInternal::Stub> roster_stub_;
  std::unique_ptr<Profiles> profiles_;
  std::unique_ptr<ProfileService> service_;
  std::unique_ptr<PersonService> persons_;
  std::unique_ptr<ProfileInternalService> internal_;
  std::unique_ptr<grpc::Server> server_;

 protected:
  std::unique_ptr<v1::ProfileService::Stub> profile_;
  std::unique_ptr<v1::PersonService::Stub> person_;
  std::unique_ptr<v1::ProfileInternal::Stub> inside_;
};

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
  roster_.away = true;
  EXPECT_EQ(Ensure(kPhone, &reply).code(), absl::StatusCode::kUnavailable);
  roster_.away = false;
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
  roster_.away = true;
  EXPECT_EQ(Open(account.account_id(), &opened).code(), absl::StatusCode::kUnavailable);
}

TEST_F(ProfileServiceTest, GetGivesTheOwnProfileAndNoOther) {
  const rpc::Call call = As(kPhone);
  using Stub = v1::ProfileService::Stub;
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
  using Stub = v1::ProfileService::Stub;
  v1::Profile request;
  request.add_settings()->set_id("1");
  request.set_balance(7);
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(call, *profile_, &Stub::Set, request, &reply).ok());
  EXPECT_EQ(reply.records(0).profile().status(), v1::Profile::SET);
  EXPECT_EQ(reply.records(0).profile().settings_size(), 1);
  EXPECT_EQ(reply.records(0).profile().balance(), 0);
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

}  // namespace
}  // namespace chat::profile
