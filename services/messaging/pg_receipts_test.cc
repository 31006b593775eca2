#include "services/messaging/pg_receipts.h"

#include <gtest/gtest.h>

#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_session_store.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class ReceiptsTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    AddPeople(3);
    SetFriends(1, 2);
  }
  ReceiptsDue Read(int who, int peer, int64_t position) {
    auto marked = PgHistoryStore(pool()).Read(
        In(), {Account(who), RosterId{who}, PhoneId(who), PhoneId(peer), ""}, position);
    EXPECT_TRUE(marked.ok()) << marked.status();
    return marked.ok() ? marked->receipts : ReceiptsDue();
  }
  void LetASecondPass() { Sql("UPDATE messaging.reader SET told_ms = told_ms - 1000"); }
  v1::OpenSessionReply Open(int who, bool clean = false) {
    v1::OpenSessionRequest request;
    request.set_account_id(Account(who).value);
    request.set_client_id("emqttd_x");
    request.set_clean(clean);
    request.set_expiry_s(3600);
    request.set_gateway("g");
    auto reply = PgSessionStore(pool(), 60).Open(In(), request, 0);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(v1::OpenSessionReply());
  }
};

TEST_F(ReceiptsTest, TheAuthorIsToldOfTheMark) {
  Store(1, 2, "a");
  const int64_t b = Store(1, 2, "b").id;
  ReceiptsDue due = Read(2, 1, b);
  ASSERT_EQ(due.receipts.size(), 1u);
  EXPECT_FALSE(due.later);
  EXPECT_EQ(due.receipts[0].to, Account(1));
  const v1::Event& event = due.receipts[0].event;
  EXPECT_EQ(event.topic(), "ses/" + Phone(1));
  EXPECT_EQ(event.qos(), 1u);
  EXPECT_EQ(event.lane(), v1::Event::TRANSIENT);
  const v1::History& history = event.record().history();
  EXPECT_EQ(history.roster_id(), PhoneId(2));
  EXPECT_EQ(history.p2p().from(), PhoneId(1));
  EXPECT_EQ(history.p2p().to(), PhoneId(2));
  EXPECT_EQ(history.entity_id(), b);
  EXPECT_EQ(history.status(), v1::History::UPDATED);
}

TEST_F(ReceiptsTest, OneASecondAndTheLatestWins) {
  const int64_t a = Store(1, 2, "a").id;
  const int64_t b = Store(1, 2, "b").id;
  const int64_t c = Store(1, 2, "c").id;
  EXPECT_EQ(Read(2, 1, a).receipts.size(), 1u);
  ReceiptsDue soon = Read(2, 1, b);
  EXPECT_TRUE(soon.receipts.empty());
  EXPECT_TRUE(soon.later);
  Read(2, 1, c);
  LetASecondPass();
  const int64_t feed = Sql("SELECT feed_id FROM messaging.reader")[0][0].as<int64_t>();
  auto due = PgHistoryStore(pool()).TakeReceipts(In(), FeedId{feed}, RosterId{2});
  ASSERT_EQ(due->receipts.size(), 1u);
  EXPECT_EQ(due->receipts[0].event.record().history().entity_id(), c);
  LetASecondPass();
  due = PgHistoryStore(pool()).TakeReceipts(In(), FeedId{feed}, RosterId{2});
  EXPECT_TRUE(due->receipts.empty());
  EXPECT_FALSE(due->later);
}

TEST_F(ReceiptsTest, AMarkThatDoesNotRiseOrReadsOwnMessagesTellsNobody) {
  const int64_t a = Store(1, 2, "a").id;
  Read(2, 1, a);
  LetASecondPass();
  EXPECT_TRUE(Read(2, 1, a).receipts.empty());
  const int64_t own = Store(2, 1, "own").id;
  ReceiptsDue due = Read(2, 1, own);
  EXPECT_TRUE(due.receipts.empty());
  EXPECT_FALSE(due.later);
}

TEST_F(ReceiptsTest, ASessionThatComesBackGetsTheLatestOfEachMark) {
  const int64_t a = Store(1, 2, "a").id;
  Open(1);
  Read(2, 1, a);
  const v1::OpenSessionReply back = Open(1);
  ASSERT_TRUE(back.present());
  ASSERT_EQ(back.receipts_size(), 1);
  EXPECT_EQ(back.receipts(0).record().history().entity_id(), a);
  EXPECT_EQ(Open(2).receipts_size(), 0);
  EXPECT_EQ(Open(1, true).receipts_size(), 0);
}

}  // namespace
}  // namespace chat::messaging
