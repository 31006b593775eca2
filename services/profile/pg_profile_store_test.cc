#include "services/profile/pg_profile_store.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "libs/pg/test_database.h"
#include "services/profile/migrations.h"

namespace chat::profile {
namespace {

constexpr char kPhone[] = "380670001234";

v1::Profile WithSetting(const std::string& id, const std::string& value) {
  v1::Profile profile;
  v1::Feature* feature = profile.add_settings();
  feature->set_id(id);
  feature->set_value(value);
  return profile;
}

class PgProfileStoreTest : public testing::Test {
 protected:
  pg::TestDatabase database_{"profile", kMigrations};
  AccountId Ensure(const std::string& phone) { return store_.Ensure(pg::Soon(), phone).value().id; }
  std::optional<Account> SetSettings(AccountId id, const v1::Profile& with) {
    return store_
        .Change(pg::Soon(), id,
                [&](v1::Profile* profile) { *profile->mutable_settings() = with.settings(); })
        .value();
  }

  pg::Outbox outbox_{
      database_.pool(), "profile",
      [](pg::Deadline, const std::vector<pg::OutboxRow>&) { return absl::OkStatus(); }};
  PgProfileStore store_{database_.pool(), outbox_};
};

TEST_F(PgProfileStoreTest, APhoneHasOneAccount) {
  AccountId id = Ensure(kPhone);
  EXPECT_GT(id.value, 0);
  EXPECT_EQ(Ensure(kPhone), id);
  EXPECT_NE(Ensure("4917000001"), id);
}

TEST_F(PgProfileStoreTest, ManyAtOnceGetTheSameAccount) {
  std::vector<int64_t> ids(8);
  std::vector<std::thread> threads;
  for (int64_t& id : ids) {
    threads.emplace_back([&] {
      absl::StatusOr<Ensured> account = store_.Ensure(pg::Soon(), kPhone);
      if (account.ok()) id = account->id.value;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<int64_t>(ids.begin(), ids.end()).size(), 1u);
  EXPECT_GT(ids[0], 0);
  EXPECT_EQ(database_.Exec("SELECT count(*) FROM profile.account"), "1");
}

TEST_F(PgProfileStoreTest, ANewAccountHasAnEmptyProfile) {
  AccountId id = Ensure(kPhone);
  absl::StatusOr<std::optional<Account>> account = store_.Find(pg::Soon(), id);
  ASSERT_TRUE(account.ok() && *account);
  const v1::Profile& profile = (*account)->profile;
  EXPECT_EQ((*account)->id, id);
  EXPECT_EQ(profile.phone(), kPhone);
  EXPECT_EQ(profile.services_size(), 0);
  EXPECT_EQ(profile.settings_size(), 0);
  EXPECT_EQ(profile.balance(), 0);
  EXPECT_GT(profile.update(), 1'600'000'000'000);
  EXPECT_FALSE(profile.has_status());
  EXPECT_FALSE(*store_.Find(pg::Soon(), AccountId{id.value + 1}));
}

TEST_F(PgProfileStoreTest, SettingsAreReplacedWhole) {
  AccountId id = Ensure(kPhone);
  database_.Exec("UPDATE profile.account SET updated = now() - interval '1 day'");
  const int64_t before = (*store_.Find(pg::Soon(), id))->profile.update();
  std::optional<Account> set = SetSettings(id, WithSetting("1", "\xFF\x01"));
  ASSERT_TRUE(set);
  ASSERT_EQ(set->profile.settings_size(), 1);
  EXPECT_EQ(set->profile.settings(0).value(), "\xFF\x01");
  EXPECT_GT(set->profile.update(), before);
  set = SetSettings(id, WithSetting("2", "b"));
  ASSERT_EQ(set->profile.settings_size(), 1);
  EXPECT_EQ(set->profile.settings(0).id(), "2");
  EXPECT_FALSE(SetSettings(AccountId{id.value + 1}, v1::Profile()));
}

TEST_F(PgProfileStoreTest, OnlyTheSettingsOfTheGivenProfileAreStored) {
  AccountId id = Ensure(kPhone);
  v1::Profile request = WithSetting("1", "a");
  request.set_phone("4917000001");
  request.set_balance(100);
  request.add_services()->set_login("x");
  std::optional<Account> set = SetSettings(id, request);
  EXPECT_EQ(set->profile.phone(), kPhone);
  EXPECT_EQ(set->profile.balance(), 0);
  EXPECT_EQ(set->profile.services_size(), 0);
}

TEST_F(PgProfileStoreTest, UpdateNeverDecreases) {
  AccountId id = Ensure(kPhone);
  database_.Exec("UPDATE profile.account SET updated = now() + interval '1 day'");
  const int64_t before = (*store_.Find(pg::Soon(), id))->profile.update();
  EXPECT_EQ(SetSettings(id, WithSetting("1", "a"))->profile.update(), before);
}

TEST_F(PgProfileStoreTest, APersonIsChangedInPlace) {
  AccountId id = Ensure(kPhone);
  EXPECT_EQ(store_.FindPerson(pg::Soon(), id).value().ByteSizeLong(), 0u);
  auto named = [](const std::string& name) {
    return [name](v1::Person* person) { person->set_names(person->names() + name); };
  };
  EXPECT_EQ(store_.ChangePerson(pg::Soon(), id, named("Ole")).value()->names(), "Ole");
  EXPECT_EQ(store_.ChangePerson(pg::Soon(), id, named("na")).value()->names(), "Olena");
  EXPECT_EQ(store_.FindPerson(pg::Soon(), id).value().names(), "Olena");
  EXPECT_FALSE(store_.ChangePerson(pg::Soon(), AccountId{id.value + 1}, named("x")).value());
}

}  // namespace
}  // namespace chat::profile
