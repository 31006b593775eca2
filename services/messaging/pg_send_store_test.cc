#include "services/messaging/pg_send_store.h"

#include <thread>

#include "services/messaging/batcher.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

using Kind = SendOutcome::Kind;

class SendStoreTest : public DatabaseTest {
 protected:
  SendOutcomes Append(const std::vector<Send>& sends, const std::vector<int64_t>& published = {}) {
    std::vector<const Send*> pointers;
    for (const Send& send : sends) pointers.push_back(&send);
    auto outcomes = PgSendStore(pool()).Append(In(), pointers, published);
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes.value_or(SendOutcomes());
  }
  static v1::Message BodyOf(const MessageRow& row) {
    v1::Message body;
    EXPECT_TRUE(body.ParseFromString(row.body));
    return body;
  }
};

TEST_F(SendStoreTest, PositionsFollowArrivalAndEachFeedIsAChain) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  SendOutcomes out = Append(
      {Hello(1, 2, "a"), Hello(3, 1, "b"), Hello(2, 1, "c"), Hello(1, 3, "d"), Hello(1, 1, "e")});
  ASSERT_EQ(out.each.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    ASSERT_EQ(out.each[i].kind, Kind::kStored) << i;
    EXPECT_EQ(out.each[i].row.id, out.each[0].row.id + static_cast<int64_t>(i));
  }
  EXPECT_EQ(out.each[0].row.prev, 0);
  EXPECT_EQ(out.each[2].row.prev, out.each[0].row.id);
  EXPECT_EQ(out.each[2].row.previous, out.each[0].row.position);
  EXPECT_EQ(out.each[3].row.prev, out.each[1].row.id);
  EXPECT_EQ(out.each[4].row.prev, 0);
  EXPECT_EQ(out.each[2].row.from, PhoneId(2));
  EXPECT_EQ(out.each[2].row.to, PhoneId(1));
  EXPECT_EQ(out.each[2].row.to_account, Account(1));
  SendOutcomes next = Append({Hello(1, 2, "f")});
  EXPECT_EQ(next.each[0].row.prev, out.each[2].row.id);
}

TEST_F(SendStoreTest, OnlyFriendsAndOneselfAreWrittenTo) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 2, false);
  Send foreign = Hello(1, 1, "x");
  foreign.account = Account(2);  // not the account of the author's roster
  Send unknown = Hello(1, 1, "y");
  unknown.peer = "380670000009_9";
  SendOutcomes out =
      Append({Hello(1, 2, "a"), Hello(1, 3, "b"), foreign, unknown, Hello(3, 3, "self")});
  EXPECT_EQ(out.each[0].kind, Kind::kDenied);  // no friend any more
  EXPECT_EQ(out.each[1].kind, Kind::kDenied);  // never was
  EXPECT_EQ(out.each[2].kind, Kind::kDenied);
  EXPECT_EQ(out.each[3].kind, Kind::kDenied);
  EXPECT_EQ(out.each[4].kind, Kind::kStored);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 1u);
}

TEST_F(SendStoreTest, AMsgIdIsStoredOnceAndAnsweredAsStored) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow first = Store(1, 2, "m", "first");
  Store(1, 2, "between");
  SendOutcomes out = Append({Hello(1, 2, "m", "second"), Hello(2, 1, "m", "another author")});
  ASSERT_EQ(out.each[0].kind, Kind::kRepeat);
  EXPECT_EQ(out.each[0].row.id, first.id);
  EXPECT_EQ(out.each[0].row.position, first.position);
  EXPECT_EQ(out.each[0].row.previous, first.previous);
  EXPECT_EQ(BodyOf(out.each[0].row).files(0).payload(), "first");
  EXPECT_EQ(out.each[1].kind, Kind::kStored);
  // Also when they are no friends any more: the answer to the first time may have been lost.
  SetFriends(1, 2, false);
  EXPECT_EQ(Append({Hello(1, 2, "m")}).each[0].kind, Kind::kRepeat);
}

TEST_F(SendStoreTest, ABatchWithTheSameMessageTwiceStoresNothing) {
  AddPeople(2);
  SetFriends(1, 2);
  Send same = Hello(1, 2, "m");
  const Send* sends[] = {&same, &same};
  auto outcomes = PgSendStore(pool()).Append(In(), sends, {});
  EXPECT_TRUE(absl::IsAlreadyExists(outcomes.status())) << outcomes.status();
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 0u);
}

TEST_F(SendStoreTest, APacketWithDupIsFoundByItsKey) {
  AddPeople(2);
  SetFriends(1, 2);
  Send first = Hello(1, 2, "");
  first.dup_key = std::string("\0key\xff", 5);
  MessageRow stored = Append({first}).each[0].row;
  Send fresh = first;  // no DUP: the packet id is used anew
  EXPECT_EQ(Append({fresh}).each[0].kind, Kind::kStored);
  Send again = Hello(1, 2, "");
  again.dup_key = "other epoch";
  again.dup_find = again.dup_key;
  again.dup_before = first.dup_key;
  SendOutcomes out = Append({again});
  EXPECT_EQ(out.each[0].kind, Kind::kRepeat);
  EXPECT_GE(out.each[0].row.id, stored.id);
  Send stranger = again;
  stranger.dup_before = "unknown";
  EXPECT_EQ(Append({stranger}).each[0].kind, Kind::kStored);
}

TEST_F(SendStoreTest, CreatedIsKeptAndClampedToFiveMinutesAhead) {
  AddPeople(1);
  Send old = Hello(1, 1, "old");
  old.created = 1512993600123;
  Send future = Hello(1, 1, "future");
  future.created = INT64_MAX;
  SendOutcomes out = Append({old, future, Hello(1, 1, "none")});
  int64_t now = out.each[2].row.created_ms;
  EXPECT_EQ(out.each[0].row.created_ms, 1512993600123);
  EXPECT_EQ(out.each[1].row.created_ms, now + 300'000);
  int64_t server = Sql("SELECT (extract(epoch FROM now()) * 1000)::bigint")[0][0].as<int64_t>();
  EXPECT_NEAR(static_cast<double>(now), static_cast<double>(server), 60'000);
}

TEST_F(SendStoreTest, ALockedFeedIsLeftOutAndTheOthersAreCommitted) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  pqxx::connection other(url());
  pqxx::work holder(other);
  holder.exec("SELECT 1 FROM messaging.feed WHERE kind = 'p2p' AND a = 1 AND b = 2 FOR UPDATE");
  SendOutcomes out = Append({Hello(1, 2, "a"), Hello(1, 3, "b"), Hello(2, 1, "c")});
  EXPECT_EQ(out.each[0].kind, Kind::kRetry);
  EXPECT_EQ(out.each[1].kind, Kind::kStored);
  EXPECT_EQ(out.each[2].kind, Kind::kRetry);
  holder.abort();
  out = Append({Hello(1, 2, "a"), Hello(2, 1, "c")});
  EXPECT_EQ(out.each[0].kind, Kind::kStored);
  EXPECT_EQ(out.each[1].row.prev, out.each[0].row.id);
}

TEST_F(SendStoreTest, ABatchLeavesAnAnnouncementAndDeletesThoseThatRedisTook) {
  AddPeople(2);
  SetFriends(1, 2);
  SendOutcomes one = Append({Hello(1, 2, "a"), Hello(1, 1, "b")});
  ASSERT_NE(one.announcement, 0);
  pqxx::result rows = Sql("SELECT low, high, array_length(feeds, 1) FROM messaging.announcement");
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0][0].as<int64_t>(), one.each[0].row.id);
  EXPECT_EQ(rows[0][1].as<int64_t>(), one.each[1].row.id);
  EXPECT_EQ(rows[0][2].as<int>(), 2);
  SendOutcomes two = Append({Hello(1, 2, "a")}, {one.announcement});  // a repeat announces nothing
  EXPECT_EQ(two.announcement, 0);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.announcement").size(), 0u);
}

TEST_F(SendStoreTest, AnAbsentServerIsUnavailable) {
  pg::Pool nowhere("postgresql://postgres@127.0.0.1:1/none", 1);
  Send send = Hello(1, 1, "m");
  const Send* sends[] = {&send};
  auto outcomes = PgSendStore(nowhere).Append(In(), sends, {});
  EXPECT_TRUE(absl::IsUnavailable(outcomes.status())) << outcomes.status();
}

// Remembers the order in which events were handed over, per feed.
class RecordingSink : public AnnouncementSink {
 public:
  void Publish(Announcement announcement) override {
    std::lock_guard lock(mutex);
    for (const Announced& a : announcement.events) {
      positions[a.event.feed()].push_back(a.event.position());
    }
  }
  std::vector<int64_t> TakePublished() override { return {}; }
  void GiveBack(const std::vector<int64_t>&) override {}
  std::mutex mutex;
  std::map<int64_t, std::vector<int64_t>> positions;
};

TEST_F(SendStoreTest, TwoReplicasOnTheSameFeedsKeepOneUnbrokenOrder) {
  constexpr int kSenders = 8;  // threads, half on each replica
  constexpr int kMessages = 60;
  AddPeople(4);
  for (int a = 1; a <= 4; ++a) {
    for (int b = a + 1; b <= 4; ++b) SetFriends(a, b);
  }
  RecordingSink sink;
  PgSendStore store(pool());
  Batcher one({}, store, sink), two({}, store, sink);
  std::mutex mutex;
  std::map<int, std::vector<int64_t>> ids;  // by sender, in order of submission
  std::vector<std::thread> threads;
  for (int s = 0; s < kSenders; ++s) {
    threads.emplace_back([&, s] {
      Batcher& batcher = s % 2 == 0 ? one : two;
      int from = s % 4 + 1, to = (s / 2 + s) % 4 + 1;
      std::mutex done_mutex;
      std::condition_variable done;
      int answered = 0;
      std::vector<int64_t> mine(kMessages);
      for (int i = 0; i < kMessages; ++i) {
        batcher.Submit(Hello(from, to, std::to_string(s) + "." + std::to_string(i)), In(),
                       [&, i](absl::StatusOr<SendResult> result) {
                         std::lock_guard lock(done_mutex);
                         EXPECT_TRUE(result.ok()) << result.status();
                         if (result.ok()) mine[i] = result->message.id();
                         ++answered;
                         done.notify_all();
                       });
      }
      std::unique_lock lock(done_mutex);
      done.wait(lock, [&] { return answered == kMessages; });
      std::lock_guard all(mutex);
      ids[s] = mine;
    });
  }
  for (std::thread& thread : threads) thread.join();

  // What one sender submitted in order has ids in order.
  for (const auto& [sender, mine] : ids) {
    EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end())) << sender;
  }
  // Each feed is one chain, in the order of commits: prev and previous name the neighbour below.
  pqxx::result broken =
      Sql("SELECT 1 FROM (SELECT id, prev, previous, position, "
          "coalesce(lag(id) OVER w, 0) AS before, committed_ms, "
          "coalesce(lag(committed_ms) OVER w, 0) AS committed_before FROM messaging.message "
          "WINDOW w AS (PARTITION BY feed_id ORDER BY id)) m WHERE prev <> before "
          "OR previous <> before OR position <> id OR committed_ms < committed_before");
  EXPECT_EQ(broken.size(), 0u);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), size_t{kSenders * kMessages});
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.feed f WHERE kind = 'p2p' AND top <> coalesce((SELECT "
                "max(position) FROM messaging.message m WHERE m.feed_id = f.id), 0)")
                .size(),
            0u);
}

TEST_F(SendStoreTest, TheSameMessageOverTwoReplicasAtOnceIsStoredOnce) {
  AddPeople(2);
  SetFriends(1, 2);
  RecordingSink sink;
  PgSendStore store(pool());
  Batcher one({}, store, sink), two({}, store, sink);
  std::mutex mutex;
  std::condition_variable done;
  std::map<std::string, std::set<int64_t>> ids;
  int answered = 0;
  constexpr int kRounds = 50;
  for (int i = 0; i < kRounds; ++i) {
    std::string msg_id = "m" + std::to_string(i);
    // To two feeds: nothing but the key keeps them apart.
    for (auto [batcher, to] : {std::pair{&one, 2}, {&two, 1}, {&one, 1}, {&two, 2}}) {
      batcher->Submit(Hello(1, to, msg_id), In(), [&, msg_id](absl::StatusOr<SendResult> result) {
        std::lock_guard lock(mutex);
        EXPECT_TRUE(result.ok()) << result.status();
        if (result.ok()) ids[msg_id].insert(result->message.id());
        ++answered;
        done.notify_all();
      });
    }
  }
  std::unique_lock lock(mutex);
  done.wait(lock, [&] { return answered == 4 * kRounds; });
  for (const auto& [msg_id, seen] : ids) EXPECT_EQ(seen.size(), 1u) << msg_id;
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), size_t{kRounds});
}

}  // namespace
}  // namespace chat::messaging
