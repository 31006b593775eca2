#include "tests/load/ledger.h"

#include <gtest/gtest.h>

namespace chat::load {
namespace {

constexpr Micros kSecond = 1'000'000;

class LedgerTest : public ::testing::Test {
 protected:
  LedgerTest() {
    for (int i = 0; i < 2; ++i) ledger_.Connected(ledger_.AddDevice());
    feed_ = ledger_.AddFeed("p2p/a/b", {0, 1});
  }

  // Sent by device 0, acknowledged.
  SendId Send() {
    const SendId send = ledger_.NewSend(feed_, 0, now_);
    ledger_.Written(send, 0);
    ledger_.Acknowledged(send, 0);
    return send;
  }
  Ledger::Outcome Get(uint32_t device, SendId send, uint32_t version = 0) {
    return ledger_.Received(device, {send, version, Id(send), version > 0, false}, now_);
  }
  void GetBoth(SendId send) {
    Get(0, send);
    Get(1, send);
  }
  uint32_t Edit(SendId send) {
    const uint32_t version = ledger_.NewEdit(send);
    ledger_.Written(send, version);
    ledger_.Acknowledged(send, version);
    return version;
  }
  void Reconnect(uint32_t device) {
    ledger_.Ended(device, now_);
    ledger_.Connected(device);
  }
  void Row(SendId send, int64_t prev, uint32_t version = 0) {
    ledger_.AddHistoryRow(feed_, {Id(send), prev, true, send, version});
  }
  static int64_t Id(SendId send) { return 100 + 10 * int64_t{send.number}; }

  Ledger ledger_;
  uint32_t feed_ = 0;
  Micros now_ = 10 * kSecond;
};

TEST_F(LedgerTest, WhatEverybodyGotOnceInOrderAndHistoryShowsIsClean) {
  const SendId first = Send();
  const SendId second = Send();
  EXPECT_EQ(ledger_.Outstanding(), 4u);
  GetBoth(first);
  GetBoth(second);
  EXPECT_EQ(ledger_.Outstanding(), 0u);
  Row(first, 0);
  Row(second, Id(first));
  Row(second, Id(first));  // the overlap of two pages
  ledger_.HistoryEnd(feed_);
  const Verdict verdict = ledger_.Judge();
  EXPECT_TRUE(verdict.Clean());
  EXPECT_EQ(verdict.repeated + verdict.repeated_old + verdict.overtaken + verdict.excused, 0u);
  EXPECT_TRUE(verdict.notes.empty());
}

TEST_F(LedgerTest, AFirstCopyTellsHowLongItTookAndWhoseItIs) {
  const SendId send = Send();
  now_ += 1234;
  EXPECT_EQ(Get(1, send).since_sent, 1234);
  EXPECT_FALSE(Get(0, send).by_other);
  EXPECT_FALSE(Get(1, send).first);
}

TEST_F(LedgerTest, AnAcknowledgedMessageThatOneDeviceMissesIsLostOnce) {
  const SendId send = Send();
  Get(0, send);
  EXPECT_EQ(ledger_.Outstanding(), 1u);
  EXPECT_EQ(ledger_.Judge().lost, 1u);
  EXPECT_FALSE(ledger_.Judge().Clean());
}

TEST_F(LedgerTest, AMessageThatAnybodySawMustReachAllThoughNobodyAcknowledgedIt) {
  const SendId send = ledger_.NewSend(feed_, 0, now_);
  ledger_.Written(send, 0);
  EXPECT_EQ(ledger_.Judge().lost, 0u);
  Get(1, send);
  EXPECT_EQ(ledger_.Judge().lost, 1u);
}

TEST_F(LedgerTest, ASecondCopyOnOneConnectionIsDuplicated) {
  const SendId send = Send();
  GetBoth(send);
  Get(1, send);
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, ACopyAfterABrokenConnectionIsRepeatedIfItWasAcknowledgedInItsLastSecond) {
  const SendId send = Send();
  GetBoth(send);
  now_ += kSecond;
  Reconnect(1);
  Get(1, send);
  const Verdict verdict = ledger_.Judge();
  EXPECT_EQ(verdict.repeated, 1u);
  EXPECT_EQ(verdict.repeated_unmarked, 1u);
  EXPECT_EQ(verdict.repeated_old, 0u);
  EXPECT_TRUE(verdict.Clean());
  Get(1, send);
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, ACopyOfWhatWasAcknowledgedEarlierIsAnOldRepeat) {
  const SendId send = Send();
  GetBoth(send);
  now_ += kSecond + 1;
  Reconnect(1);
  Get(1, send);
  EXPECT_EQ(ledger_.Judge().repeated_old, 1u);
}

TEST_F(LedgerTest, AFeedThatRunsBackwardsIsDisordered) {
  const SendId first = Send();
  const SendId second = Send();
  GetBoth(first);
  Get(0, second);
  const SendId third = Send();
  Get(1, third);
  Get(1, second);
  EXPECT_EQ(ledger_.Judge().disordered, 1u);
}

TEST_F(LedgerTest, RepeatsKeepTheirOrderToo) {
  const SendId first = Send();
  const SendId second = Send();
  GetBoth(first);
  GetBoth(second);
  Reconnect(1);
  Get(1, first);
  Get(1, second);
  EXPECT_EQ(ledger_.Judge().disordered, 0u);
  Reconnect(1);
  Get(1, second);
  Get(1, first);
  EXPECT_EQ(ledger_.Judge().disordered, 1u);
}

TEST_F(LedgerTest, AMissedMessageAfterARepeatIsInOrder) {
  const SendId first = Send();
  GetBoth(first);
  Reconnect(1);
  const SendId second = Send();
  Get(1, first);
  Get(1, second);
  Get(0, second);
  EXPECT_TRUE(ledger_.Judge().Clean());
}

TEST_F(LedgerTest, TheLastEditMustArriveAndOnlyOneIsOnItsWay) {
  const SendId send = Send();
  GetBoth(send);
  const uint32_t version = ledger_.NewEdit(send);
  EXPECT_EQ(version, 1u);
  EXPECT_EQ(ledger_.NewEdit(send), 0u);
  ledger_.Written(send, version);
  EXPECT_EQ(ledger_.Outstanding(), 0u);
  ledger_.Acknowledged(send, version);
  EXPECT_EQ(ledger_.Outstanding(), 2u);
  Get(0, send, 1);
  EXPECT_EQ(ledger_.Judge().lost, 1u);
  Get(1, send, 1);
  EXPECT_TRUE(ledger_.Judge().Clean());
  Get(1, send, 1);
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, AnEditThatWasWrittenTwiceMayComeTwice) {
  const SendId send = Send();
  GetBoth(send);
  const uint32_t version = Edit(send);
  ledger_.Written(send, version);
  Get(1, send, version);
  Get(1, send, version);
  EXPECT_EQ(ledger_.Judge().duplicated, 0u);
  Get(1, send, version);
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, AnEditedMessageThatWasMissedComesOnceInItsLatestState) {
  const SendId edited = Send();
  const SendId later = Send();
  GetBoth(later);
  Get(0, edited);
  Edit(edited);
  Get(0, edited, 1);
  Reconnect(1);
  // As History shows it, in the place of the edit.
  ledger_.Received(1, {edited, 1, Id(edited), false, false}, now_);
  // Device 0 saw the older one after the newer one: that is the only fault.
  EXPECT_EQ(ledger_.Judge().disordered, 1u);
  EXPECT_EQ(ledger_.Judge().lost, 0u);
}

TEST_F(LedgerTest, AnEditBeforeItsMessageAndAnOlderTextAreDisordered) {
  const SendId send = Send();
  Edit(send);
  Get(0, send, 1);
  EXPECT_EQ(ledger_.Judge().disordered, 1u);
  Get(0, send, 0);
  EXPECT_EQ(ledger_.Judge().disordered, 2u);
}

TEST_F(LedgerTest, AnotherIdForTheSameMessageIsASecondRow) {
  const SendId send = Send();
  GetBoth(send);
  ledger_.Received(1, {send, 0, 999, false, false}, now_);
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, HistoryMustHaveWhatWasAcknowledgedOnceInOrderWithItsChain) {
  const SendId first = Send();
  const SendId second = Send();
  const SendId third = Send();
  for (const SendId send : {first, second, third}) GetBoth(send);
  Row(first, 0);
  Row(third, Id(first));
  EXPECT_EQ(ledger_.Judge().history_missing, 0u);
  ledger_.HistoryEnd(feed_);
  EXPECT_EQ(ledger_.Judge().history_missing, 1u);
  EXPECT_EQ(ledger_.Judge().history_wrong, 0u);
  ledger_.AddHistoryRow(feed_, {900, 5, false, {}, 0});
  EXPECT_EQ(ledger_.Judge().history_wrong, 1u);
  ledger_.AddHistoryRow(feed_, {901, 900, true, third, 0});
  EXPECT_EQ(ledger_.Judge().duplicated, 1u);
}

TEST_F(LedgerTest, HistoryWithATextOlderThanTheAcknowledgedOneIsWrong) {
  const SendId send = Send();
  GetBoth(send);
  Edit(send);
  Row(send, 0, 0);
  EXPECT_EQ(ledger_.Judge().history_wrong, 1u);
}

TEST_F(LedgerTest, AnErrorReplyExcusesOneMessageThatIsNowhere) {
  Send();
  ledger_.Refused(0);
  ledger_.HistoryEnd(feed_);
  EXPECT_TRUE(ledger_.Judge().Clean());
  EXPECT_EQ(ledger_.Judge().excused, 1u);
  Send();
  EXPECT_EQ(ledger_.Judge().lost, 2u);
  EXPECT_EQ(ledger_.Judge().history_missing, 1u);
}

TEST_F(LedgerTest, AMessageThatWasStoredBeforeAnEarlierOneIsOvertaken) {
  const SendId first = Send();
  const SendId second = Send();
  ledger_.Received(1, {second, 0, 50, false, false}, now_);
  ledger_.Received(1, {first, 0, 60, false, false}, now_);
  EXPECT_EQ(ledger_.Judge().overtaken, 1u);
  EXPECT_EQ(ledger_.Judge().disordered, 0u);
}

TEST_F(LedgerTest, WhatBelongsToNoMemberOrNoSendIsPassedBy) {
  const uint32_t stranger = ledger_.AddDevice();
  ledger_.Connected(stranger);
  const SendId send = Send();
  EXPECT_FALSE(Get(stranger, send).first);
  EXPECT_FALSE(ledger_.Received(0, {{feed_, 77}, 0, 1, false, false}, now_).first);
  EXPECT_FALSE(ledger_.Received(0, {{55, 0}, 0, 1, false, false}, now_).first);
}

}  // namespace
}  // namespace chat::load
