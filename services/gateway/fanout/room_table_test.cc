#include "services/gateway/fanout/room_table.h"

#include <gtest/gtest.h>

#include <string>

namespace chat::gateway {
namespace {

constexpr int64_t kFeed = 7;
constexpr int64_t kAnna = 1;
constexpr int64_t kPetro = 2;

class RoomTableTest : public testing::Test, public RoomTable::Host {
 protected:
  void Join(int64_t feed) override { Note("join " + std::to_string(feed)); }
  void Leave(int64_t feed) override { Note("leave " + std::to_string(feed)); }
  void Verify(int64_t, const std::vector<int64_t>& accounts) override {
    Note("verify " + std::to_string(accounts.size()));
  }
  void Deliver(int64_t account, const ReadyEvent& event) override {
    Note(std::to_string(event.position) + " to " + std::to_string(account));
  }
  void Reread(int64_t account) override { Note("reread " + std::to_string(account)); }

  void Note(const std::string& what) { log_ += (log_.empty() ? "" : ", ") + what; }
  std::string Log() { return std::exchange(log_, ""); }
  void Event(int64_t position, int64_t version, std::vector<int64_t> losers = {}) {
    auto event = std::make_shared<ReadyEvent>();
    event->position = position;
    event->losers = std::move(losers);
    event->members_version = version;
    table_.OnEvent(kFeed, event);
  }
  // Both in version 3 of the room, its channel subscribed.
  void BothIn() {
    Set(kAnna, {{kFeed, 3}});
    Set(kPetro, {{kFeed, 3}});
    table_.OnSubscribed(kFeed);
    Log();
  }

  void Set(int64_t account, const std::vector<std::pair<int64_t, int64_t>>& rooms) {
    table_.SetRooms(table_.Ask({account}), account, rooms);
  }

  std::string log_;
  RoomTable table_{*this};
};

TEST_F(RoomTableTest, TheFirstAccountJoinsTheChannelAndReadsOnOnceItIsSubscribed) {
  Set(kAnna, {{kFeed, 3}});
  EXPECT_EQ(Log(), "join 7");
  table_.OnSubscribed(kFeed);
  EXPECT_EQ(Log(), "reread 1");
  Set(kPetro, {{kFeed, 3}});
  EXPECT_EQ(Log(), "reread 2");
}

TEST_F(RoomTableTest, AnAccountIsSettledWhenNothingOfItsRoomsIsMissedOrHeld) {
  EXPECT_FALSE(table_.Settled(kAnna)) << "its rooms are not known";
  Set(kAnna, {});
  EXPECT_TRUE(table_.Settled(kAnna));
  Set(kAnna, {{kFeed, 3}});
  EXPECT_FALSE(table_.Settled(kAnna));
  table_.OnSubscribed(kFeed);
  EXPECT_TRUE(table_.Settled(kAnna));
  Event(10, 4);
  EXPECT_FALSE(table_.Settled(kAnna));
  table_.OnMembers(kFeed, 4, {kAnna});
  EXPECT_TRUE(table_.Settled(kAnna));
}

TEST_F(RoomTableTest, OnlyTheAnswerToTheNewestQuestionCounts) {
  const uint64_t older = table_.Ask({kAnna});
  const uint64_t newer = table_.Ask({kAnna, kPetro});
  table_.SetRooms(older, kAnna, {});
  EXPECT_FALSE(table_.Settled(kAnna));
  table_.SetRooms(newer, kAnna, {{kFeed, 3}});
  table_.SetRooms(older, kAnna, {});
  table_.OnAskFailed(older, {kAnna});
  EXPECT_EQ(Log(), "join 7");
  EXPECT_TRUE(table_.UnknownAccounts().empty());
  // Who went and came back is another, and an answer from before is not about him.
  table_.Forget(kPetro);
  const uint64_t again = table_.Ask({kPetro});
  table_.SetRooms(newer, kPetro, {});
  EXPECT_FALSE(table_.Settled(kPetro));
  table_.SetRooms(again, kPetro, {});
  EXPECT_TRUE(table_.Settled(kPetro));
}

TEST_F(RoomTableTest, WhoseRoomsCouldNotBeReadIsUnknownUntilAskedForAgain) {
  table_.OnAskFailed(table_.Ask({kAnna}), {kAnna});
  EXPECT_EQ(table_.UnknownAccounts(), std::vector<int64_t>{kAnna});
  EXPECT_FALSE(table_.Settled(kAnna));
  const uint64_t ask = table_.Ask({kAnna});
  EXPECT_TRUE(table_.UnknownAccounts().empty());
  table_.SetRooms(ask, kAnna, {});
  EXPECT_TRUE(table_.Settled(kAnna));
}

TEST_F(RoomTableTest, AnEventOfAKnownVersionGoesToAll) {
  BothIn();
  Event(10, 3);
  EXPECT_EQ(Log(), "10 to 1, 10 to 2");
  Event(11, 2);  // announced late
  EXPECT_EQ(Log(), "11 to 1, 11 to 2");
}

TEST_F(RoomTableTest, AnEventOfANewerVersionWaitsUntilItIsKnownWhoIsLeft) {
  BothIn();
  Event(10, 4);
  EXPECT_EQ(Log(), "verify 2");
  Event(11, 3);  // keeps its place
  EXPECT_EQ(Log(), "");
  table_.OnMembers(kFeed, 4, {kAnna});
  EXPECT_EQ(Log(), "10 to 1, 11 to 1");
  Event(12, 4);
  EXPECT_EQ(Log(), "12 to 1");
}

TEST_F(RoomTableTest, WhoLosesTheRoomHearsOfItAlthoughAnOlderVersionIsKnown) {
  BothIn();
  Event(10, 4, {kPetro});
  Event(11, 4, {kPetro});
  Event(12, 5);
  table_.OnMembers(kFeed, 5, {kAnna});
  EXPECT_EQ(Log(), "verify 2, 10 to 2, 11 to 2, 10 to 1, 11 to 1, 12 to 1");
  Event(13, 6, {kAnna});
  Set(kAnna, {});  // known before the answer
  EXPECT_EQ(Log(), "verify 1, leave 7, 13 to 1");
}

TEST_F(RoomTableTest, ARoomThatNobodyIsLeftInIsLeft) {
  BothIn();
  Event(10, 4);
  table_.OnMembers(kFeed, 0, {});
  EXPECT_EQ(Log(), "verify 2, leave 7");
  EXPECT_EQ(table_.size(), 0u);
  Event(11, 4);
  EXPECT_EQ(Log(), "");
}

TEST_F(RoomTableTest, WhoComesDuringAVerificationIsNotTakenForVerified) {
  BothIn();
  Event(10, 4);
  Set(3, {{kFeed, 4}});
  table_.OnMembers(kFeed, 4, {kAnna, kPetro});
  EXPECT_EQ(Log(), "verify 2, reread 3, verify 3");
  table_.OnMembers(kFeed, 4, {kAnna, kPetro, 3});
  EXPECT_EQ(Log(), "10 to 1, 10 to 2, 10 to 3");
}

TEST_F(RoomTableTest, AFailedVerificationIsAskedAgain) {
  BothIn();
  Event(10, 4);
  table_.OnVerifyFailed(kFeed);
  table_.Retry();
  EXPECT_EQ(Log(), "verify 2, verify 2");
  table_.Retry();
  EXPECT_EQ(Log(), "");  // one question at a time
}

TEST_F(RoomTableTest, WhatIsTooMuchToHoldIsReadFromHistory) {
  BothIn();
  for (int64_t position = 1; position <= 300; ++position) Event(position, 4);
  Log();
  table_.OnMembers(kFeed, 4, {kPetro});
  const std::string log = Log();
  EXPECT_NE(log.find("256 to 2"), std::string::npos);
  EXPECT_EQ(log.find("257 to 2"), std::string::npos);
  EXPECT_TRUE(log.ends_with("reread 2")) << log;
}

TEST_F(RoomTableTest, AnAccountThatLeftTheRoomOrTheWorkerGetsNothing) {
  BothIn();
  Set(kAnna, {});
  Event(10, 3);
  EXPECT_EQ(Log(), "10 to 2");
  table_.Forget(kPetro);
  EXPECT_EQ(Log(), "leave 7");
}

}  // namespace
}  // namespace chat::gateway
