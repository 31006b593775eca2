#include "services/profile/person_rules.h"

#include <gtest/gtest.h>

namespace chat::profile {
namespace {

TEST(PersonRulesTest, APersonIsOwnedByItsPhoneAndItsPhoneIds) {
  v1::Caller caller;
  caller.set_phone("380670001234");
  caller.add_rosters()->set_phone_id("380670001234_7");
  EXPECT_TRUE(IsOwnPerson(caller, "380670001234"));
  EXPECT_TRUE(IsOwnPerson(caller, "+380670001234"));
  EXPECT_TRUE(IsOwnPerson(caller, "380670001234_7"));
  EXPECT_FALSE(IsOwnPerson(caller, "380670001234_8"));
  EXPECT_FALSE(IsOwnPerson(caller, "380670002234"));
  EXPECT_FALSE(IsOwnPerson(caller, ""));
}

TEST(PersonRulesTest, WhatIsNotGivenStaysAndAnEmptyTextClears) {
  v1::Person stored;
  stored.set_names("Olena");
  stored.set_surnames("Koval");
  stored.add_phonelist("1");
  stored.add_phonelist("2");
  v1::Person request;
  request.set_names("Ola");
  request.set_surnames("");
  MergePerson(request, &stored);
  EXPECT_EQ(stored.names(), "Ola");
  EXPECT_TRUE(stored.has_surnames());
  EXPECT_EQ(stored.surnames(), "");
  EXPECT_EQ(stored.phonelist_size(), 2);
}

TEST(PersonRulesTest, AListReplacesTheStoredOne) {
  v1::Person stored;
  stored.add_phonelist("1");
  v1::Person request;
  request.add_phonelist("3");
  MergePerson(request, &stored);
  ASSERT_EQ(stored.phonelist_size(), 1);
  EXPECT_EQ(stored.phonelist(0), "3");
}

TEST(PersonRulesTest, IdBalanceAndStatusAreNotWritten) {
  v1::Person stored;
  v1::Person request;
  request.set_id("380670001234");
  request.set_balance(100);
  request.set_status(v1::Person::SET);
  MergePerson(request, &stored);
  EXPECT_EQ(stored.ByteSizeLong(), 0u);
}

}  // namespace
}  // namespace chat::profile
