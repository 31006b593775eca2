#include "services/messaging/pg_history_store.h"

#include "libs/rpc/refusal.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

constexpr int64_t kBytes = 700 << 10;

class HistoryStoreTest : public DatabaseTest {
 protected:
  static AskedFeed Asked(int own, int peer) {
    return {Account(own), RosterId{own}, PhoneId(own), PhoneId(peer), ""};
  }
  std::vector<MessageRow> Page(const AskedFeed& feed, Selection selection, int64_t bytes = kBytes) {
    auto page = PgHistoryStore(pool()).Page(In(), feed, selection, bytes);
    EXPECT_TRUE(page.ok()) << page.status();
    return page.value_or(std::vector<MessageRow>());
  }
  static std::vector<int64_t> Ids(const std::vector<MessageRow>& page) {
    std::vector<int64_t> ids;
    for (const MessageRow& row : page) ids.push_back(row.id);
    return ids;
  }
  bool IsInvalid(const AskedFeed& feed, int64_t from) {
    auto page = PgHistoryStore(pool()).Page(In(), feed, {from, false, 10}, kBytes);
    return rpc::RefusalOf(page.status()) == v1::INVALID_DATA;
  }
  PgHistoryStore::View ViewOf(int own, int peer) {
    auto views = PgHistoryStore(pool()).Views(In(), RosterId{own}, {peer}, {});
    EXPECT_TRUE(views.ok()) << views.status();
    return (*views)[0];
  }
  v1::Contact Read(const AskedFeed& feed, int64_t position) {
    auto marked = PgHistoryStore(pool()).Read(In(), feed, position);
    EXPECT_TRUE(marked.ok()) << marked.status();
    EXPECT_EQ(marked->announcement.events.size(), 1u);
    const v1::Event& event = marked->announcement.events[0].event;
    EXPECT_EQ(event.topic(), "ses/" + Phone(feed.roster.value));
    EXPECT_EQ(event.record().contact().unread(), marked->unread);
    return event.record().contact();
  }
};

TEST_F(HistoryStoreTest, PagesGoBothWaysWithOneOverlap) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  std::vector<int64_t> ids;
  for (int i = 0; i < 7; ++i) {
    ids.push_back(Store(1 + i % 2, 2 - i % 2, std::to_string(i)).id);
    Store(1, 3, "noise" + std::to_string(i));
  }
  AskedFeed feed = Asked(1, 2);
  EXPECT_EQ(Ids(Page(feed, {0, false, 3})), std::vector<int64_t>({ids[6], ids[5], ids[4]}));
  EXPECT_EQ(Ids(Page(feed, {ids[4], false, 3})), std::vector<int64_t>({ids[4], ids[3], ids[2]}));
  EXPECT_EQ(Ids(Page(feed, {ids[0], false, 3})), std::vector<int64_t>({ids[0]}));
  EXPECT_EQ(Ids(Page(feed, {0, true, 2})), std::vector<int64_t>({ids[0], ids[1]}));
  EXPECT_EQ(Ids(Page(feed, {ids[1], true, 100})), std::vector<int64_t>(ids.begin() + 1, ids.end()));
  EXPECT_EQ(Ids(Page(Asked(2, 1), {0, true, 100})), ids);  // the other half sees the same
}

TEST_F(HistoryStoreTest, PrevAndNextNameTheNeighboursAlsoOverThePagesEdge) {
  AddPeople(2);
  SetFriends(1, 2);
  int64_t a = Store(1, 2, "a").id, b = Store(2, 1, "b").id, c = Store(1, 2, "c").id;
  for (bool forward : {true, false}) {
    auto page = Page(Asked(1, 2), {b, forward, 1});
    ASSERT_EQ(page.size(), 1u);
    EXPECT_EQ(page[0].prev, a);
    EXPECT_EQ(page[0].next, c);
    page = Page(Asked(1, 2), {0, forward, 10});
    ASSERT_EQ(page.size(), 3u);
    EXPECT_EQ(page[forward ? 0 : 2].prev, 0);
    EXPECT_EQ(page[forward ? 0 : 2].next, b);
    EXPECT_EQ(page[forward ? 2 : 0].next, 0);
  }
}

TEST_F(HistoryStoreTest, AnUnknownMessageOrFeedIsInvalidAndAnEmptyFeedIsEmpty) {
  AddPeople(3);
  SetFriends(1, 2);
  int64_t elsewhere = Store(1, 1, "a").id;
  EXPECT_TRUE(IsInvalid(Asked(1, 2), elsewhere));
  EXPECT_TRUE(IsInvalid(Asked(1, 2), 999'999));
  EXPECT_TRUE(IsInvalid(Asked(1, 3), 0));
  EXPECT_TRUE(Page(Asked(1, 2), {0, false, 10}).empty());
}

TEST_F(HistoryStoreTest, HistoryOutlivesTheFriendship) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(1, 2, "a");
  SetFriends(1, 2, false);
  EXPECT_EQ(Page(Asked(2, 1), {0, false, 10}).size(), 1u);
}

TEST_F(HistoryStoreTest, APageIsShorterWhenThePacketLimitSaysSoButNeverEmpty) {
  AddPeople(1);
  int64_t first = Store(1, 1, "a", std::string(600, 'x')).id;
  Store(1, 1, "b", std::string(600, 'x'));
  int64_t last = Store(1, 1, "c", std::string(600, 'x')).id;
  EXPECT_EQ(Page(Asked(1, 1), {0, true, 10}, 1500).size(), 2u);
  EXPECT_EQ(Ids(Page(Asked(1, 1), {0, true, 10}, 10)), std::vector<int64_t>({first}));
  EXPECT_EQ(Ids(Page(Asked(1, 1), {0, false, 10}, 10)), std::vector<int64_t>({last}));
}

TEST_F(HistoryStoreTest, UnreadCountsWhatOthersSentAfterTheReader) {
  AddPeople(3);
  SetFriends(1, 2);
  EXPECT_EQ(ViewOf(1, 3).unread, 0);  // no feed
  EXPECT_FALSE(ViewOf(1, 2).last.has_value());
  Store(1, 2, "a");
  int64_t b = Store(2, 1, "b").id;
  Store(2, 1, "c");
  int64_t d = Store(1, 2, "d").id;
  PgHistoryStore::View mine = ViewOf(1, 2);
  EXPECT_EQ(mine.reader, 0);
  EXPECT_EQ(mine.unread, 2);
  EXPECT_EQ(mine.last->id, d);
  EXPECT_EQ(ViewOf(2, 1).unread, 2);

  v1::Contact contact = Read(Asked(1, 2), b);
  EXPECT_EQ(contact.phone_id(), PhoneId(2));
  EXPECT_EQ(contact.reader(), b);
  EXPECT_EQ(contact.unread(), 1);
  EXPECT_EQ(contact.last_msg().id(), d);
  EXPECT_EQ(contact.status(), v1::Contact::LAST_MSG);
  EXPECT_EQ(ViewOf(1, 2).unread, 1);
  EXPECT_EQ(ViewOf(2, 1).unread, 2);  // the other's reader is its own

  EXPECT_EQ(Read(Asked(1, 2), 0).reader(), d);  // to the newest
  EXPECT_EQ(Read(Asked(1, 2), b).reader(), d);  // never back
  EXPECT_EQ(Read(Asked(1, 2), b).unread(), 0);
  auto unknown = PgHistoryStore(pool()).Read(In(), Asked(1, 2), 999'999);
  EXPECT_EQ(rpc::RefusalOf(unknown.status()), v1::INVALID_DATA);
}

TEST_F(HistoryStoreTest, ViewsComeInTheOrderAsked) {
  AddPeople(4);
  SetFriends(1, 2);
  SetFriends(1, 4);
  Store(4, 1, "from 4");
  Store(2, 1, "from 2");
  auto views = PgHistoryStore(pool()).Views(In(), RosterId{1}, {4, 3, 2, 1}, {});
  ASSERT_TRUE(views.ok()) << views.status();
  ASSERT_EQ(views->size(), 4u);
  EXPECT_EQ((*views)[0].last->from, PhoneId(4));
  EXPECT_FALSE((*views)[1].last.has_value());
  EXPECT_EQ((*views)[2].last->from, PhoneId(2));
  EXPECT_FALSE((*views)[3].last.has_value());
}

}  // namespace
}  // namespace chat::messaging
