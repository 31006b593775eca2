#include "services/roster/partings.h"

#include <gmock/gmock.h>

namespace chat::roster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LockedPair Between(State party, State counterparty) {
  LockedPair pair;
  pair.party = {.id = {7}, .account = {70}, .phone = "15550000007"};
  pair.counterparty = {.id = {5}, .account = {50}, .phone = "15550000005"};
  pair.party.email = "party@example.org";
  pair.stored.party.state = party;
  pair.stored.counterparty.state = counterparty;
  pair.version = 3;
  pair.now_ms = 1000;
  return pair;
}

std::vector<std::string> Lines(const std::vector<v1::Change>& changes) {
  std::vector<std::string> lines;
  for (const v1::Change& change : changes) {
    if (change.has_friendship()) {
      const v1::FriendshipChange& feed = change.friendship();
      lines.push_back("feed " + std::to_string(feed.roster_a()) + "-" +
                      std::to_string(feed.roster_b()) + (feed.open() ? " open " : " close ") +
                      std::to_string(feed.version()));
      continue;
    }
    const v1::Contact& contact = change.notice().record().contact();
    lines.push_back(std::to_string(change.notice().account_id()) + ": " + contact.phone_id() + " " +
                    v1::Contact::Status_Name(contact.status()) +
                    (contact.presence() == v1::ONLINE ? " online" : ""));
  }
  return lines;
}

TEST(PartingsTest, AnEntryInThePhoneBookIsDeletedInSilence) {
  const auto made = Unlisted(Between(State::kInternal, State::kNone));
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->after, Pair());
  EXPECT_THAT(made->changes, IsEmpty());
}

TEST(PartingsTest, ALiveEntryIsRevokedOnBothSidesAndLeavesThePhoneBook) {
  LockedPair pair = Between(State::kFriend, State::kFriend);
  pair.stored.party.listed = pair.stored.counterparty.listed = true;
  const auto made = Unlisted(pair);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->after.party, Side());
  EXPECT_EQ(made->after.counterparty.state, State::kInternal)
      << "the other's phone book is its own";
  EXPECT_THAT(Lines(made->changes), ElementsAre("feed 5-7 close 4", "70: 15550000005_5 REVOKE",
                                                "50: 15550000007_7 REVOKE"));
  EXPECT_THAT(Lines(Unlisted(Between(State::kRequest, State::kAuthorization))->changes),
              ElementsAre("70: 15550000005_5 REVOKE", "50: 15550000007_7 REVOKE"));
}

TEST(PartingsTest, TheOwnBanIsNotLiftedByADeletionTheOthersBanStaysToo) {
  EXPECT_FALSE(Unlisted(Between(State::kBanned, State::kBan)).has_value());
  EXPECT_FALSE(Unlisted(Between(State::kNone, State::kFriend)).has_value());
  LockedPair pair = Between(State::kBan, State::kBanned);
  pair.stored.were_friends = true;
  const auto made = Unlisted(pair);
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->after.party, Side());
  EXPECT_EQ(made->after.counterparty.state, State::kBanned);
  EXPECT_TRUE(made->after.barred());
  EXPECT_THAT(made->changes, IsEmpty());
}

TEST(PartingsTest, ARosterThatGoesIsRevokedByItsLiveContacts) {
  EXPECT_THAT(
      Lines(ToldOfRosterRemoval(Between(State::kFriend, State::kFriend))),
      ElementsAre("feed 5-7 close 4", "70: 15550000005_5 REVOKE", "50: 15550000007_7 REVOKE"));
  for (State state : {State::kNone, State::kInternal, State::kBanned, State::kBan}) {
    EXPECT_THAT(ToldOfRosterRemoval(Between(state, State::kBan)), IsEmpty());
  }
}

TEST(PartingsTest, AnAccountThatGoesIsDeletedForItsLiveContacts) {
  EXPECT_THAT(Lines(ToldOfAccountRemoval(Between(State::kFriend, State::kFriend))),
              ElementsAre("feed 5-7 close 4", "50: 15550000007_7 DELETED"));
  EXPECT_THAT(Lines(ToldOfAccountRemoval(Between(State::kRequest, State::kAuthorization))),
              ElementsAre("50: 15550000007_7 DELETED"));
  for (State state : {State::kNone, State::kInternal, State::kBanned, State::kBan}) {
    EXPECT_THAT(ToldOfAccountRemoval(Between(State::kInternal, state)), IsEmpty());
  }
  LockedPair own = Between(State::kFriend, State::kFriend);
  own.counterparty.account = own.party.account;
  EXPECT_THAT(Lines(ToldOfAccountRemoval(own)), ElementsAre("feed 5-7 close 4"));
}

TEST(PartingsTest, ANewPhoneIdFollowsTheDeletionOfTheOldOne) {
  const PhoneId before{"15559999999", {7}};
  EXPECT_THAT(Lines(ToldOfRename(Between(State::kFriend, State::kFriend), before, true)),
              ElementsAre("50: 15559999999_7 DELETED", "50: 15550000007_7 FRIEND online"));
  EXPECT_THAT(Lines(ToldOfRename(Between(State::kBanned, State::kBan), before, true)),
              ElementsAre("50: 15559999999_7 DELETED", "50: 15550000007_7 BAN"));
  EXPECT_THAT(ToldOfRename(Between(State::kInternal, State::kNone), before, true), IsEmpty());
}

}  // namespace
}  // namespace chat::roster
