#include "services/messaging/pg_announcement_store.h"

#include "services/messaging/horizon.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class AnnouncementStoreTest : public DatabaseTest {
 protected:
  HorizonRule Look(HorizonRule rule = {}) {
    PgAnnouncementStore store(pool());
    if (rule.WantsMark()) rule.AddMark(*store.Mark(In(), rule.known() ? rule.stable() : -1));
    rule.AddView(*store.View(In()));
    return rule;
  }
  int64_t LastPosition() {
    return Sql("SELECT last_value FROM messaging.position")[0][0].as<int64_t>();
  }
};

TEST_F(AnnouncementStoreTest, TheHorizonNeverPassesATransactionInFlight) {
  AddPeople(3);
  SetFriends(1, 2);
  int64_t before = Store(1, 2, "a").position;
  Sql("DELETE FROM messaging.announcement");

  pqxx::connection connection(url());
  pqxx::work in_flight(connection);
  in_flight.exec("SELECT 1 FROM messaging.feed WHERE kind = 'p2p' AND a = 1 AND b = 1 FOR UPDATE");
  int64_t drawn = in_flight.exec("SELECT nextval('messaging.position')")[0][0].as<int64_t>();
  int64_t later = Store(1, 2, "b").position;  // commits first
  Sql("DELETE FROM messaging.announcement");
  ASSERT_GT(later, drawn);

  HorizonRule rule = Look();
  for (int i = 0; i < 3; ++i) rule = Look(rule);
  EXPECT_FALSE(rule.known());
  EXPECT_LT(rule.published(), drawn);

  in_flight.commit();
  rule = Look(rule);
  EXPECT_TRUE(rule.known());
  EXPECT_GE(rule.stable(), before);
  rule = Look(rule);
  EXPECT_EQ(rule.stable(), later);
  EXPECT_EQ(rule.published(), later);
}

TEST_F(AnnouncementStoreTest, ATransactionThatDrewNothingYetDoesNotHoldAStableMarkBackForEver) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(1, 2, "a");
  HorizonRule rule = Look();
  ASSERT_TRUE(rule.known());
  EXPECT_EQ(rule.stable(), LastPosition());
  // Nothing new: no transaction id is spent.
  auto mark = PgAnnouncementStore(pool()).Mark(In(), rule.stable());
  ASSERT_TRUE(mark.ok());
  EXPECT_FALSE(mark->xid.has_value());
}

TEST_F(AnnouncementStoreTest, WhatIsNotPublishedHoldsOnlyThePublishedHorizonBack) {
  AddPeople(2);
  SetFriends(1, 2);
  int64_t position = Store(1, 2, "a").position;
  HorizonRule rule = Look();
  EXPECT_EQ(rule.stable(), position);
  EXPECT_EQ(rule.published(), position - 1);
  int64_t id = Sql("SELECT id FROM messaging.announcement")[0][0].as<int64_t>();
  ASSERT_TRUE(PgAnnouncementStore(pool()).DeletePublished(In(), {id}).ok());
  EXPECT_EQ(Look(rule).published(), position);
}

TEST_F(AnnouncementStoreTest, AnOverdueBatchIsClaimedByOneReplicaWithItsOwnEventsOnly) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow first = Store(1, 2, "a");
  MessageRow second = Store(2, 1, "b");
  PgAnnouncementStore store(pool());
  EXPECT_TRUE(store.ClaimOverdue(In(), 10)->empty());  // younger than a second
  Sql("UPDATE messaging.announcement SET claimed = now() - interval '2 seconds'");
  auto claimed = store.ClaimOverdue(In(), 1);
  ASSERT_EQ(claimed->size(), 1u);
  ASSERT_EQ((*claimed)[0].events.size(), 1u);
  const Announced& announced = (*claimed)[0].events[0];
  EXPECT_EQ(announced.event.position(), first.position);
  EXPECT_EQ(announced.event.previous(), 0);
  EXPECT_EQ(announced.event.record().message().msg_id(), "a");
  EXPECT_EQ(announced.to.size(), 2u);
  auto rest = store.ClaimOverdue(In(), 10);
  ASSERT_EQ(rest->size(), 1u);
  EXPECT_EQ((*rest)[0].events[0].event.position(), second.position);
  EXPECT_EQ((*rest)[0].events[0].event.previous(), first.position);
  EXPECT_TRUE(store.ClaimOverdue(In(), 10)->empty());
}

}  // namespace
}  // namespace chat::messaging
