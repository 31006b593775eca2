#include "services/messaging/pg_replay_store.h"

#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class ReplayStoreTest : public DatabaseTest {
 protected:
  v1::ReplayReply Replay(int who, int64_t above, int limit = 1000, int64_t bytes = 1 << 20) {
    auto reply = PgReplayStore(pool()).Replay(In(), Account(who), above, limit, bytes);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return reply.value_or(v1::ReplayReply());
  }
  static std::vector<std::string> Said(const v1::ReplayReply& reply) {
    std::vector<std::string> said;
    for (const v1::Event& event : reply.events()) {
      said.push_back(event.record().has_message() ? event.record().message().msg_id()
                                                  : event.record().contact().nick());
    }
    return said;
  }
  using Strings = std::vector<std::string>;

  void Notify(int who, const std::string& nick) {
    v1::ApplyRequest request;
    v1::Notice* notice = Next(&request)->mutable_notice();
    notice->set_account_id(Account(who).value);
    notice->mutable_record()->mutable_contact()->set_nick(nick);
    Apply(request);
  }
  std::vector<int64_t> Changed(int64_t above, int64_t stable) {
    auto changed = PgReplayStore(pool()).ChangedSince(
        In(), {Account(1).value, Account(2).value, Account(3).value}, above, stable);
    EXPECT_TRUE(changed.ok()) << changed.status();
    std::sort(changed->begin(), changed->end());
    return *changed;
  }
};

TEST_F(ReplayStoreTest, EverythingOfTheAccountAboveThePositionInOrderAndNothingElse) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  SetFriends(2, 3);
  int64_t above = Store(1, 2, "seen").position;
  MessageRow a = Store(2, 1, "a");
  Notify(1, "b");
  Store(2, 3, "others");
  Notify(2, "not mine");
  Store(1, 1, "c");
  Store(3, 1, "d");
  v1::ReplayReply reply = Replay(1, above);
  EXPECT_EQ(Said(reply), Strings({"a", "b", "c", "d"}));
  EXPECT_FALSE(reply.more());
  for (int i = 1; i < reply.events_size(); ++i) {
    EXPECT_GT(reply.events(i).position(), reply.events(i - 1).position());
  }
  // Exactly the live event.
  EXPECT_EQ(reply.events(0).previous(), above);
  EXPECT_EQ(reply.events(0).feed(), a.feed.value);
  EXPECT_EQ(reply.events(0).topic(), "p2p/" + PhoneId(1) + "/" + PhoneId(2));
  EXPECT_EQ(reply.events(0).record().message().prev(), above);
  EXPECT_EQ(reply.events(1).topic(), "ses/" + Phone(1));
  EXPECT_EQ(Said(Replay(1, reply.events(3).position())), Strings());
  EXPECT_EQ(Said(Replay(3, above)), Strings({"others", "d"}));
}

TEST_F(ReplayStoreTest, PagesAreExactByCountAndBySize) {
  AddPeople(2);
  SetFriends(1, 2);
  Strings all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::to_string(i));
    if (i % 3 == 0) {
      Notify(1, all.back());
    } else {
      Store(1 + i % 2, i % 5 == 0 ? 1 + i % 2 : 2 - i % 2, all.back(), std::string(500, 'x'));
    }
  }
  // Message 5 is in the self chat of 2, so it is not the account's.
  all.erase(all.begin() + 5);
  for (auto [limit, bytes] : {std::pair{3, int64_t{1} << 20},
                              {1, int64_t{1} << 20},
                              {1000, int64_t{1500}},
                              {1000, int64_t{1}}}) {
    Strings said;
    int64_t above = 0;
    bool more = true;
    for (int page = 0; more && page < 20; ++page) {
      v1::ReplayReply reply = Replay(1, above, limit, bytes);
      ASSERT_GT(reply.events_size(), 0);
      ASSERT_LE(reply.events_size(), limit);
      for (const std::string& one : Said(reply)) said.push_back(one);
      above = reply.events(reply.events_size() - 1).position();
      more = reply.more();
    }
    EXPECT_EQ(said, all) << limit << " " << bytes;
  }
}

TEST_F(ReplayStoreTest, WhatWasHadIsLeftOutAndDoesNotCountAsPartOfAPage) {
  AddPeople(2);
  SetFriends(1, 2);
  for (const char* text : {"a", "b", "c", "d"}) Store(1, 2, text);
  Notify(1, "e");
  v1::ReplayReply all = Replay(1, 0);
  std::vector<int64_t> had = {all.events(1).position(), all.events(4).position()};
  auto reply = PgReplayStore(pool()).Replay(In(), Account(1), 0, 2, 1 << 20, had);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Said(*reply), Strings({"a", "c"}));
  EXPECT_TRUE(reply->more());
  reply =
      PgReplayStore(pool()).Replay(In(), Account(1), reply->events(1).position(), 2, 1 << 20, had);
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(Said(*reply), Strings({"d"}));
  EXPECT_FALSE(reply->more());
}

TEST_F(ReplayStoreTest, ALostFeedIsNotReplayedAndARegainedOneFromWhereItWasGained) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(2, 1, "before the loss");
  SetFriends(1, 2, false);
  EXPECT_EQ(Said(Replay(1, 0)), Strings());
  SetFriends(1, 2);
  Store(2, 1, "after the gain");
  EXPECT_EQ(Said(Replay(1, 0)), Strings({"after the gain"}));
}

TEST_F(ReplayStoreTest, ChangedSinceNamesWhoHasEventsLatelyAndLongSince) {
  AddPeople(3);
  SetFriends(1, 2);
  int64_t start = Store(3, 3, "a").position;
  for (int64_t stable : {start, start + 1'000'000}) {
    EXPECT_EQ(Changed(start, stable), std::vector<int64_t>());
    EXPECT_EQ(Changed(start - 1, stable), std::vector<int64_t>({Account(3).value}));
  }
  Store(1, 2, "b");
  Notify(3, "c");
  for (int64_t stable : {start, start + 1'000'000}) {
    EXPECT_EQ(Changed(start, stable),
              std::vector<int64_t>({Account(1).value, Account(2).value, Account(3).value}));
  }
}

}  // namespace
}  // namespace chat::messaging
