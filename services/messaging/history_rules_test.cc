#include "services/messaging/history_rules.h"

#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"

namespace chat::messaging {
namespace {

constexpr char kAnna[] = "380670001234_12525";
constexpr char kPetro[] = "380670002234_12334";

v1::Caller Anna() {
  v1::Caller caller;
  caller.set_account_id(7);
  auto* own = caller.add_rosters();
  own->set_id(12525);
  own->set_phone_id(kAnna);
  return caller;
}

v1::History Asked(const char* from, const char* to) {
  v1::History history;
  history.set_roster_id(kAnna);
  history.mutable_p2p()->set_from(from);
  history.mutable_p2p()->set_to(to);
  return history;
}

bool IsInvalid(const v1::History& history) {
  return rpc::RefusalOf(CheckFeed(Anna(), history).status()) == v1::INVALID_DATA;
}

TEST(HistoryRulesTest, EitherOrderOfTheHalvesIsTheSameFeed) {
  EXPECT_EQ(CheckFeed(Anna(), Asked(kAnna, kPetro))->peer, kPetro);
  EXPECT_EQ(CheckFeed(Anna(), Asked(kPetro, kAnna))->peer, kPetro);
  EXPECT_EQ(CheckFeed(Anna(), Asked(kAnna, kAnna))->peer, kAnna);
}

TEST(HistoryRulesTest, SomebodyElsesRosterOrFeedIsInvalid) {
  v1::History foreign = Asked(kAnna, kPetro);
  foreign.set_roster_id(kPetro);
  EXPECT_TRUE(IsInvalid(foreign));
  EXPECT_TRUE(IsInvalid(Asked(kPetro, "380670003234_1")));
  EXPECT_TRUE(IsInvalid(Asked(kAnna, "nobody")));
  v1::History nothing;
  nothing.set_roster_id(kAnna);
  EXPECT_TRUE(IsInvalid(nothing));
  EXPECT_TRUE(IsInvalid(v1::History()));
}

TEST(HistoryRulesTest, ACursorIsThatOfTheOwnHalfOfItsFeed) {
  v1::Cursor cursor;
  cursor.set_side(2);
  cursor.set_position(20833);
  EXPECT_EQ(rpc::RefusalOf(CheckCursor(Anna(), cursor).status()), v1::INVALID_DATA);
  cursor.mutable_p2p()->set_from(kPetro);
  cursor.mutable_p2p()->set_to(kAnna);
  auto asked = CheckCursor(Anna(), cursor);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->roster.value, 12525);
  EXPECT_EQ(asked->peer, kPetro);
  cursor.set_position(-1);
  EXPECT_EQ(rpc::RefusalOf(CheckCursor(Anna(), cursor).status()), v1::INVALID_DATA);
  cursor.set_position(1);
  cursor.mutable_p2p()->set_to("380670003234_1");
  EXPECT_EQ(rpc::RefusalOf(CheckCursor(Anna(), cursor).status()), v1::INVALID_DATA);
}

TEST(HistoryRulesTest, TheSignOfSizeIsTheDirection) {
  struct Case {
    int64_t size;
    bool forward;
    int count;
  };
  for (Case c : {Case{0, false, 50}, Case{-15, false, 15}, Case{200, true, 200},
                 Case{1001, true, 1000}, Case{INT64_MIN, false, 1000}, Case{-1, false, 1}}) {
    v1::History history;
    history.set_size(c.size);
    history.set_entity_id(20833);
    auto selection = CheckSelection(history);
    ASSERT_TRUE(selection.ok());
    EXPECT_EQ(selection->forward, c.forward) << c.size;
    EXPECT_EQ(selection->count, c.count) << c.size;
    EXPECT_EQ(selection->from, 20833);
  }
  v1::History negative;
  negative.set_entity_id(-1);
  EXPECT_EQ(rpc::RefusalOf(CheckSelection(negative).status()), v1::INVALID_DATA);
}

}  // namespace
}  // namespace chat::messaging
