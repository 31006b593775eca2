#include "services/messaging/pg_session_store.h"

#include <thread>

#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class SessionStoreTest : public DatabaseTest {
 protected:
  v1::OpenSessionReply Open(bool clean = false, int64_t stable = 0, int64_t expiry_s = 1000,
                            const std::string& gateway = "g1") {
    v1::OpenSessionRequest request;
    request.set_account_id(Account(1).value);
    request.set_client_id(std::string("emqttd_\0\xff", 9));
    request.set_clean(clean);
    request.set_expiry_s(expiry_s);
    request.set_gateway(gateway);
    request.set_auth_id(5);
    auto reply = store().Open(In(), request, stable);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(v1::OpenSessionReply());
  }
  PgSessionStore store() { return PgSessionStore(pool(), 3600); }

  static v1::Cursors Cursor(int64_t position, const std::vector<int64_t>& above) {
    v1::Cursors cursor;
    cursor.set_position(position);
    cursor.mutable_above()->Add(above.begin(), above.end());
    return cursor;
  }
  std::vector<int64_t> Flush(const v1::OpenSessionReply& session, const v1::Cursors& cursor,
                             int64_t epoch_back = 0) {
    v1::FlushCursorsRequest request;
    auto* one = request.add_sessions();
    one->set_session_id(session.session_id());
    one->set_epoch(session.epoch() - epoch_back);
    *one->mutable_cursor() = cursor;
    auto stale = store().Flush(In(), request);
    EXPECT_TRUE(stale.ok()) << stale.status();
    return stale.value_or(std::vector<int64_t>());
  }
  void Close(const v1::OpenSessionReply& session, const v1::Cursors& cursor, bool remove = false) {
    v1::CloseSessionRequest request;
    request.set_session_id(session.session_id());
    request.set_epoch(session.epoch());
    *request.mutable_cursor() = cursor;
    request.set_remove(remove);
    request.mutable_state()->set_next_packet_id(77);
    EXPECT_TRUE(store().Close(In(), request).ok());
  }
  static std::string Said(const v1::Cursors& cursor) {
    std::string text = std::to_string(cursor.position()) + ":";
    for (int64_t position : cursor.above()) text += std::to_string(position) + ",";
    return text;
  }
};

TEST_F(SessionStoreTest, EachConnectRaisesTheEpochAndNamesTheOlderGateway) {
  v1::OpenSessionReply first = Open();
  EXPECT_EQ(first.epoch(), 1);
  EXPECT_FALSE(first.present());
  EXPECT_EQ(first.previous_gateway(), "");
  v1::OpenSessionReply second = Open(false, 0, 1000, "g2");
  EXPECT_EQ(second.session_id(), first.session_id());
  EXPECT_EQ(second.epoch(), 2);
  EXPECT_TRUE(second.present());
  EXPECT_EQ(second.previous_gateway(), "g1");
  EXPECT_EQ(second.previous_epoch(), 1);
  Close(second, Cursor(0, {}));
  v1::OpenSessionReply third = Open();
  EXPECT_EQ(third.previous_gateway(), "");
  EXPECT_EQ(third.sent_until_ms(), 0);
}

TEST_F(SessionStoreTest, ALostConnectionMayHaveSentUntilItsGatewayWasLastHeardOf) {
  Sql("INSERT INTO delivery.gateway (address, seen_at) VALUES ('g1', to_timestamp(1000)) "
      "ON CONFLICT (address) DO UPDATE SET seen_at = excluded.seen_at");
  Open(false, 0, 1000, "g1");
  EXPECT_EQ(Open(false, 0, 1000, "g2").sent_until_ms(), 1'005'000);
  // Of g2 nothing was heard yet: until now.
  const auto now = Sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")[0][0];
  EXPECT_GE(Open(false, 0, 1000, "g3").sent_until_ms(), now.as<int64_t>());
}

TEST_F(SessionStoreTest, AtOnceFromManyGatewaysEachGetsAnEpochOfItsOwn) {
  std::mutex mutex;
  std::set<int64_t> epochs;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      int64_t epoch = Open().epoch();
      std::lock_guard lock(mutex);
      epochs.insert(epoch);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(epochs, std::set<int64_t>({1, 2, 3, 4, 5, 6, 7, 8}));
}

TEST_F(SessionStoreTest, TheCursorIsKeptMergedAndNeverMovesBack) {
  v1::OpenSessionReply session = Open();
  EXPECT_TRUE(Flush(session, Cursor(10, {12, 15})).empty());
  EXPECT_TRUE(Flush(session, Cursor(5, {7, 14})).empty());  // late and older
  EXPECT_EQ(Said(Open().cursor()), "10:12,14,15,");
  session = Open();
  EXPECT_TRUE(Flush(session, Cursor(14, {20})).empty());
  Close(session, Cursor(14, {21}));
  v1::OpenSessionReply next = Open();
  EXPECT_TRUE(next.present());
  EXPECT_EQ(Said(next.cursor()), "14:15,20,21,");
}

TEST_F(SessionStoreTest, AStaleEpochIsRefusedAndChangesNothing) {
  v1::OpenSessionReply old = Open();
  v1::OpenSessionReply session = Open();
  EXPECT_EQ(Flush(old, Cursor(99, {})), std::vector<int64_t>({old.session_id()}));
  Close(old, Cursor(99, {}), true);
  EXPECT_TRUE(Flush(session, Cursor(3, {})).empty());
  v1::OpenSessionReply next = Open();
  EXPECT_EQ(next.epoch(), 3);
  EXPECT_EQ(Said(next.cursor()), "3:");
  EXPECT_EQ(next.previous_gateway(), "g1");
}

TEST_F(SessionStoreTest, ManySessionsAreFlushedInOneStatement) {
  v1::FlushCursorsRequest request;
  for (int i = 1; i <= 3; ++i) {
    v1::OpenSessionRequest open;
    open.set_account_id(i);
    open.set_client_id("c");
    auto reply = store().Open(In(), open, 0);
    ASSERT_TRUE(reply.ok());
    auto* session = request.add_sessions();
    session->set_session_id(reply->session_id());
    session->set_epoch(i == 2 ? 99 : reply->epoch());
    session->mutable_cursor()->set_position(i);
  }
  auto* gone = request.add_sessions();
  gone->set_session_id(4711);
  auto stale = store().Flush(In(), request);
  ASSERT_TRUE(stale.ok()) << stale.status();
  EXPECT_EQ(std::set<int64_t>(stale->begin(), stale->end()),
            std::set<int64_t>({request.sessions(1).session_id(), 4711}));
  EXPECT_EQ(Sql("SELECT sum(cursor_position) FROM delivery.session")[0][0].as<int64_t>(), 4);
}

TEST_F(SessionStoreTest, TheStateOfAnOrderlyEndIsGivenOutOnce) {
  Close(Open(), Cursor(0, {}));
  EXPECT_EQ(Open().state().next_packet_id(), 77u);
  EXPECT_EQ(Open().state().next_packet_id(), 0u);
}

TEST_F(SessionStoreTest, CleanOrExpiredBeginsAnewAndRemoveForgets) {
  v1::OpenSessionReply session = Open();
  Flush(session, Cursor(10, {}));
  session = Open(true, 20);
  EXPECT_FALSE(session.present());
  EXPECT_EQ(Said(session.cursor()), "20:");
  EXPECT_EQ(session.epoch(), 2);
  EXPECT_EQ(session.previous_gateway(), "g1");

  session = Open(false, 20, 0);  // no life after the connection
  EXPECT_TRUE(session.present());
  Close(session, Cursor(21, {}));
  session = Open(false, 30);
  EXPECT_FALSE(session.present());
  EXPECT_EQ(session.state().next_packet_id(), 0u);

  Close(session, Cursor(0, {}), true);
  EXPECT_EQ(Sql("SELECT 1 FROM delivery.session").size(), 0u);
  EXPECT_EQ(Open().epoch(), 1);
}

TEST_F(SessionStoreTest, WithoutALifeNothingOutlivesTheConnectionWhoseEndIsNotHeardOf) {
  v1::OpenSessionReply session = Open(false, 0, 0);
  Flush(session, Cursor(10, {}));
  session = Open(false, 20);
  EXPECT_FALSE(session.present());
  EXPECT_EQ(Said(session.cursor()), "20:");
  EXPECT_EQ(session.previous_gateway(), "g1") << "it may live there";
}

TEST_F(SessionStoreTest, TheNextConnectionIsToldWhereANewSessionWouldBegin) {
  AddPeople(2);
  SetFriends(1, 2);
  const int64_t stable = Store(1, 2, "old").position;
  const int64_t newer = Store(2, 1, "committed above the horizon").position;
  Open(false, newer);
  const v1::OpenSessionReply session = Open(false, stable);
  EXPECT_EQ(Said(session.cursor()), std::to_string(newer) + ":");
  EXPECT_EQ(Said(session.fresh()), std::to_string(stable) + ":" + std::to_string(newer) + ",");
  Close(session, Cursor(0, {}));
  EXPECT_FALSE(Open(false, stable).has_fresh());
}

TEST_F(SessionStoreTest, AFlushStoresTheStateThatItBrings) {
  v1::OpenSessionReply session = Open();
  v1::FlushCursorsRequest request;
  auto* one = request.add_sessions();
  one->set_session_id(session.session_id());
  one->set_epoch(session.epoch());
  one->mutable_state()->set_open_position(42);
  ASSERT_TRUE(store().Flush(In(), request).ok());
  Flush(session, Cursor(3, {}));
  session = Open();
  EXPECT_EQ(session.state().open_position(), 42) << "a flush without one leaves it";
  one->mutable_state()->set_open_position(43);
  ASSERT_TRUE(store().Flush(In(), request).ok());
  EXPECT_EQ(Open().state().open_position(), 0) << "of a stale epoch";
}

TEST_F(SessionStoreTest, AFlushThatComesAfterTheEndLeavesItsState) {
  const v1::OpenSessionReply session = Open();
  Close(session, Cursor(0, {}));
  v1::FlushCursorsRequest request;
  auto* one = request.add_sessions();
  one->set_session_id(session.session_id());
  one->set_epoch(session.epoch());
  one->mutable_state()->set_open_position(42);
  ASSERT_TRUE(store().Flush(In(), request).ok());
  EXPECT_EQ(Open().state().next_packet_id(), 77u);
}

TEST_F(SessionStoreTest, OnlyExpiredSessionsAreDeleted) {
  Open();
  ASSERT_TRUE(store().DeleteExpired(In()).ok());
  EXPECT_EQ(Sql("SELECT 1 FROM delivery.session").size(), 1u);
  Close(Open(false, 0, 0), Cursor(0, {}));
  ASSERT_TRUE(store().DeleteExpired(In()).ok());
  EXPECT_EQ(Sql("SELECT 1 FROM delivery.session").size(), 0u);
}

TEST_F(SessionStoreTest, ANewSessionStartsAtTheTopsOfItsFeeds) {
  AddPeople(2);
  SetFriends(1, 2);
  int64_t stable = Store(1, 2, "old").position;
  int64_t newer = Store(2, 1, "committed above the horizon").position;
  Store(2, 2, "not of this account");
  v1::OpenSessionReply session = Open(false, stable);
  EXPECT_EQ(Said(session.cursor()), std::to_string(stable) + ":" + std::to_string(newer) + ",");
}

TEST_F(SessionStoreTest, TheListAboveIsBounded) {
  v1::OpenSessionReply session = Open();
  std::vector<int64_t> many;
  for (int64_t i = 0; i < 12'000; ++i) many.push_back(100 + i);
  Flush(session, Cursor(10, many));
  v1::OpenSessionReply next = Open();
  EXPECT_EQ(next.cursor().above_size(), 10'000);
  EXPECT_EQ(next.cursor().above(0), 100);
}

}  // namespace
}  // namespace chat::messaging
