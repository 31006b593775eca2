#include "services/roster/friend_change.h"

#include <gtest/gtest.h>

namespace chat::roster {
namespace {

// Roster 9 of account 1 asked; roster 4 of account 2 was asked.
LockedPair Asked() {
  LockedPair pair;
  pair.party = {.id = {4}, .account = {2}, .phone = "15550000002", .update_ms = 10};
  pair.counterparty = {.id = {9}, .account = {1}, .phone = "15550000001", .update_ms = 20};
  pair.stored.party.state = State::kAuthorization;
  pair.stored.counterparty.state = State::kRequest;
  pair.party_update_ms = 30;
  pair.counterparty_update_ms = 30;
  pair.version = 6;
  pair.now_ms = 40;
  return pair;
}

TEST(FriendChangeTest, TheFeedComesFirstThenThePartyThenTheCounterparty) {
  const PairWrite write = ChangeFriendship(Asked(), {Verb::kConfirm, "packet", false, {}});
  EXPECT_TRUE(write.write);
  EXPECT_EQ(write.packet, "packet");
  EXPECT_EQ(write.answer, Answer::kBothAdded);
  ASSERT_EQ(write.changes.size(), 3u);
  EXPECT_EQ(write.changes[0].friendship().ShortDebugString(),
            "roster_a: 4 roster_b: 9 open: true version: 7");
  EXPECT_EQ(write.changes[1].notice().account_id(), 2);
  EXPECT_EQ(write.changes[1].notice().record().contact().phone_id(), "15550000001_9");
  EXPECT_EQ(write.changes[1].notice().record().contact().update(), 40);
  EXPECT_EQ(write.changes[2].notice().account_id(), 1);
  EXPECT_EQ(write.changes[2].notice().record().contact().phone_id(), "15550000002_4");
}

TEST(FriendChangeTest, EachSideSeesThePresenceOfTheOther) {
  FriendRequest request{Verb::kConfirm, "", false, {}};
  request.online.party = true;
  const PairWrite write = ChangeFriendship(Asked(), request);
  EXPECT_EQ(write.changes[1].notice().record().contact().presence(), v1::OFFLINE);
  EXPECT_EQ(write.changes[2].notice().record().contact().presence(), v1::ONLINE);
}

TEST(FriendChangeTest, ARefusedVerbWritesNothing) {
  const PairWrite write = ChangeFriendship(Asked(), {Verb::kUnban, "packet", false, {}});
  EXPECT_FALSE(write.write);
  EXPECT_EQ(write.answer, Answer::kPermissionDenied);
  EXPECT_TRUE(write.changes.empty());
}

TEST(FriendChangeTest, OnlyAMarkedRepetitionOfTheLastPublishIsTakenForOne) {
  LockedPair pair = Asked();
  pair.last_packet = "packet";
  pair.last_answer = Answer::kAlreadyPresent;
  EXPECT_EQ(ChangeFriendship(pair, {Verb::kConfirm, "packet", true, {}}).answer,
            Answer::kAlreadyPresent);
  EXPECT_FALSE(ChangeFriendship(pair, {Verb::kConfirm, "packet", true, {}}).write);
  EXPECT_TRUE(ChangeFriendship(pair, {Verb::kConfirm, "packet", false, {}}).write);
  EXPECT_TRUE(ChangeFriendship(pair, {Verb::kConfirm, "other", true, {}}).write);
  pair.last_packet = "";
  EXPECT_TRUE(ChangeFriendship(pair, {Verb::kConfirm, "", true, {}}).write);
}

}  // namespace
}  // namespace chat::roster
