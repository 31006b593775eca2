#include "services/messaging/pg_trace_store.h"

#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class TraceStoreTest : public DatabaseTest {
 protected:
  absl::StatusOr<v1::FindMessageReply> Find(const v1::FindMessageRequest& request) {
    return PgTraceStore(pool()).Find(In(), request);
  }
  static v1::FindMessageRequest Id(int64_t id) {
    v1::FindMessageRequest request;
    request.set_id(id);
    return request;
  }
  static v1::FindMessageRequest MsgId(const std::string& id, const std::string& author = "") {
    v1::FindMessageRequest request;
    request.set_msg_id(id);
    request.set_author(author);
    return request;
  }
  void AddSession(int who, const std::string& client, int64_t cursor, const std::string& above = "",
                  bool connected = true) {
    Sql("INSERT INTO delivery.session (account_id, client_id, epoch, gateway, auth_id, connected, "
        "expiry_s, expires_at, cursor_position, cursor_above, state) VALUES (" +
        std::to_string(Account(who).value) + ", '" + client + "', 1, '10.0.0.1:17000', 1, " +
        (connected ? "true" : "false") + ", 60, clock_timestamp() + interval '1 hour', " +
        std::to_string(cursor) + ", '{" + above + "}', '')");
  }
};

TEST_F(TraceStoreTest, AMessageIsFoundByItsIdAndByTheClientsOwn) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  Store(1, 2, "other");
  const MessageRow row = Store(1, 2, "mine");
  for (const auto& request : {Id(row.id), MsgId("mine"), MsgId("mine", PhoneId(1))}) {
    const auto found = Find(request);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->messages_size(), 1);
    const v1::TracedMessage& message = found->messages(0);
    EXPECT_EQ(message.id(), row.id);
    EXPECT_EQ(message.position(), row.position);
    EXPECT_EQ(message.previous(), row.previous);
    EXPECT_EQ(message.feed(), row.feed.value);
    EXPECT_EQ(message.topic(), "p2p/" + PhoneId(1) + "/" + PhoneId(2));
    EXPECT_EQ(message.author(), PhoneId(1));
    EXPECT_EQ(message.msg_id(), "mine");
    EXPECT_EQ(message.status(), "sent");
    EXPECT_EQ(message.committed_ms(), row.committed_ms);
    EXPECT_TRUE(message.announcing()) << "nobody has published it";
  }
  Sql("DELETE FROM messaging.announcement");
  EXPECT_FALSE(Find(Id(row.id))->messages(0).announcing());
  EXPECT_EQ(Find(Id(row.id + 1000)).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Find(MsgId("mine", PhoneId(2))).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TraceStoreTest, AMsgIdThatTwoAuthorsUsedGivesBothAndNothingMore) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(1, 2, "m");
  Store(2, 1, "m");
  const auto found = Find(MsgId("m"));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->messages_size(), 2);
  EXPECT_EQ(found->sessions_size(), 0);
}

TEST_F(TraceStoreTest, SessionsOfBothSidesSayWhetherTheirCursorIsPast) {
  AddPeople(3);
  SetFriends(1, 2);
  const MessageRow row = Store(1, 2, "m");
  AddSession(1, "behind", row.position - 1);
  AddSession(2, "past", row.position);
  AddSession(2, "sparse", row.position - 1, std::to_string(row.position), false);
  AddSession(3, "stranger", row.position);
  const auto found = Find(Id(row.id));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->sessions_size(), 3);
  EXPECT_EQ(found->sessions_all(), 3);
  EXPECT_EQ(found->sessions(0).client_id(), "behind");
  EXPECT_EQ(found->sessions(0).phone_id(), PhoneId(1));
  EXPECT_EQ(found->sessions(0).gateway(), "10.0.0.1:17000");
  EXPECT_FALSE(found->sessions(0).past());
  EXPECT_TRUE(found->sessions(1).past());
  EXPECT_TRUE(found->sessions(2).past());
  EXPECT_FALSE(found->sessions(2).connected());
  v1::FindMessageRequest bounded = Id(row.id);
  bounded.set_sessions(1);
  const auto first = Find(bounded);
  EXPECT_EQ(first->sessions_size(), 1);
  EXPECT_EQ(first->sessions_all(), 3);
}

TEST_F(TraceStoreTest, ReadersSayWhetherTheyHaveReadIt) {
  AddPeople(2);
  SetFriends(1, 2);
  const MessageRow row = Store(1, 2, "m");
  Sql("INSERT INTO messaging.reader (feed_id, roster_id, reader) VALUES (" +
      std::to_string(row.feed.value) + ", 2, " + std::to_string(row.id) + ")");
  const auto found = Find(Id(row.id));
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->readers_size(), 2);
  EXPECT_FALSE(found->readers(0).read());
  EXPECT_TRUE(found->readers(1).read());
}

TEST_F(TraceStoreTest, ADurableEventThatIsNoMessageIsFoundByItsPosition) {
  AddPeople(1);
  v1::ApplyRequest request;
  v1::Notice* notice = Next(&request)->mutable_notice();
  notice->set_account_id(Account(1).value);
  notice->mutable_record()->mutable_contact()->set_nick("x");
  const Announcement announcement = Apply(request);
  const auto found = Find(Id(announcement.events.at(0).event.position()));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->messages(0).status(), "notice");
  EXPECT_EQ(found->messages(0).topic(), "ses/" + Phone(1));
  EXPECT_EQ(found->readers_size(), 0);
}

}  // namespace
}  // namespace chat::messaging
