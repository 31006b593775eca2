#include "services/profile/services_rules.h"

#include <gtest/gtest.h>

namespace chat::profile {
namespace {

v1::Profile WithService(const std::string& type, const std::string& login,
                        const std::string& password = "") {
  v1::Profile profile;
  v1::Service* service = profile.add_services();
  service->set_type(type);
  service->set_login(login);
  if (!password.empty()) service->set_password(password);
  return profile;
}

v1::PutAccountRequest::Search SearchOf(const std::vector<std::array<std::string, 3>>& features) {
  v1::Profile profile;
  for (const auto& [id, key, value] : features) {
    v1::Feature* feature = profile.add_settings();
    feature->set_id(id);
    feature->set_key(key);
    feature->set_value(value);
  }
  return DirectoryEntry(profile).search();
}

// "login status" of each service.
std::string Shown(const v1::Profile& profile) {
  std::string text;
  for (const v1::Service& service : profile.services()) {
    text += service.login() + " " + service.status() + ";";
  }
  return text;
}

TEST(ServicesRulesTest, AMailClaimIsOneServiceOfTypeEmailWithAnAddress) {
  const std::optional<MailClaim> claim = MailClaimOf(WithService("email", "a@b.c", "123456"));
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->address, "a@b.c");
  EXPECT_EQ(claim->code, "123456");
  EXPECT_FALSE(MailClaimOf(v1::Profile()));
  EXPECT_FALSE(MailClaimOf(WithService("vox", "a@b.c")));
  EXPECT_FALSE(MailClaimOf(WithService("email", "a@b")));
  v1::Profile two = WithService("email", "a@b.c");
  *two.add_services() = two.services(0);
  EXPECT_FALSE(MailClaimOf(two));
}

TEST(ServicesRulesTest, AMoveCodeIsForThePhoneOfTheRequest) {
  EXPECT_EQ(MoveCodeOf(WithService("phone", "+380670001234", "1"), "380670001234"), "1");
  EXPECT_FALSE(MoveCodeOf(WithService("phone", "380670001235", "1"), "380670001234"));
  EXPECT_FALSE(MoveCodeOf(WithService("email", "380670001234", "1"), "380670001234"));
  EXPECT_FALSE(MoveCodeOf(v1::Profile(), "380670001234"));
}

TEST(ServicesRulesTest, AnAddressIsThereOnceAndKeepsThatItWasVerified) {
  v1::Profile profile = WithService("vox", "id");
  EXPECT_TRUE(AddMail(&profile, "A@b.c", 2));
  EXPECT_TRUE(AddMail(&profile, "a@B.c", 2));
  EXPECT_EQ(Shown(profile), "id ;A@b.c added;");
  VerifyMail(&profile, "a@b.c");
  EXPECT_TRUE(AddMail(&profile, "a@b.c", 2));
  EXPECT_EQ(Shown(profile), "id ;A@b.c verified;");
}

TEST(ServicesRulesTest, AnAddressThatWasNeverVerifiedMakesRoom) {
  v1::Profile profile;
  EXPECT_TRUE(AddMail(&profile, "1@b.c", 2));
  VerifyMail(&profile, "1@b.c");
  EXPECT_TRUE(AddMail(&profile, "2@b.c", 2));
  EXPECT_TRUE(AddMail(&profile, "3@b.c", 2));
  EXPECT_EQ(Shown(profile), "1@b.c verified;3@b.c added;");
  VerifyMail(&profile, "3@b.c");
  EXPECT_FALSE(AddMail(&profile, "4@b.c", 2));
  EXPECT_EQ(Shown(profile), "1@b.c verified;3@b.c verified;");
}

TEST(ServicesRulesTest, TheDirectoryLearnsVerifiedAddressesOnly) {
  v1::Profile profile;
  EXPECT_TRUE(AddMail(&profile, "1@b.c", 5));
  EXPECT_TRUE(AddMail(&profile, "2@b.c", 5));
  VerifyMail(&profile, "2@b.c");
  const v1::PutAccountRequest entry = DirectoryEntry(profile);
  ASSERT_EQ(entry.emails_size(), 1);
  EXPECT_EQ(entry.emails(0), "2@b.c");
}

TEST(ServicesRulesTest, TheFeatureSearchHides) {
  using Entry = v1::PutAccountRequest;
  EXPECT_EQ(SearchOf({}), Entry::EVERYBODY);
  EXPECT_EQ(SearchOf({{"1", "SEARCH", "none"}}), Entry::NOBODY);
  EXPECT_EQ(SearchOf({{"1", "SEARCH", "friends"}}), Entry::FRIENDS);
  EXPECT_EQ(SearchOf({{"1", "SEARCH", "all"}}), Entry::EVERYBODY);
  EXPECT_EQ(SearchOf({{"SEARCH", "", "none"}}), Entry::NOBODY);
  EXPECT_EQ(SearchOf({{"SEARCH", "OTHER", "none"}}), Entry::EVERYBODY);
  EXPECT_EQ(SearchOf({{"1", "SEARCH", "none"}, {"2", "SEARCH", "friends"}}), Entry::NOBODY);
}

}  // namespace
}  // namespace chat::profile
