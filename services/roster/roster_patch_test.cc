#include "services/roster/roster_patch.h"

#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"

namespace chat::roster {
namespace {

v1::Roster Asked() {
  v1::Roster roster;
  roster.set_names("Ann");
  roster.set_surnames("");
  roster.set_nick("Ann_1");
  return roster;
}

TEST(RosterPatchTest, APatchWritesWhatIsGivenAndClearsWhatIsEmpty) {
  const auto patch = PatchOf(Asked());
  ASSERT_TRUE(patch.ok());
  EXPECT_EQ(patch->names, "Ann");
  EXPECT_EQ(patch->surnames, "");
  EXPECT_EQ(patch->email, std::nullopt);
  EXPECT_EQ(patch->avatar, std::nullopt);
  EXPECT_EQ(patch->nick, "Ann_1");
  EXPECT_NE(patch->nick_folded, "");
  EXPECT_TRUE(IsEmpty(*PatchOf(v1::Roster())));
}

TEST(RosterPatchTest, ANickChangesNothingElse) {
  const auto patch = NickOf(Asked());
  ASSERT_TRUE(patch.ok());
  EXPECT_EQ(patch->nick, "Ann_1");
  EXPECT_EQ(patch->names, std::nullopt);
}

TEST(RosterPatchTest, AnUpdateWritesOnlyWhatIsNotEmptyAndNew) {
  RosterRow stored;
  stored.names = "Ann";
  stored.nick = "Ann_1";
  EXPECT_TRUE(IsEmpty(*UpdateOf(Asked(), stored)));
  stored.names = "Anna";
  const auto patch = UpdateOf(Asked(), stored);
  EXPECT_EQ(patch->names, "Ann");
  EXPECT_EQ(patch->surnames, std::nullopt);
  EXPECT_EQ(patch->nick, std::nullopt);
}

TEST(RosterPatchTest, ABadNickIsRefusedByAll) {
  v1::Roster bad;
  bad.set_nick("no blanks");
  for (const auto& patch : {PatchOf(bad), NickOf(bad), UpdateOf(bad, RosterRow())}) {
    EXPECT_EQ(rpc::RefusalOf(patch.status()), v1::INVALID_NICK);
  }
}

}  // namespace
}  // namespace chat::roster
