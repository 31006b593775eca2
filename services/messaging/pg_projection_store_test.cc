#include "services/messaging/pg_projection_store.h"

#include <thread>

#include "services/messaging/messaging_config.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

class ProjectionStoreTest : public DatabaseTest {
 protected:
  void AddNotice(v1::ApplyRequest* request, int to, const std::string& nick) {
    v1::Notice* notice = Next(request)->mutable_notice();
    notice->set_account_id(Account(to).value);
    notice->mutable_record()->mutable_contact()->set_nick(nick);
  }
  static std::string NickOf(const Announced& announced) {
    return announced.event.record().contact().nick();
  }
  bool IsOpen() {
    return Sql("SELECT open FROM messaging.feed WHERE kind = 'p2p' AND a = 1 AND b = 2")[0][0]
        .as<bool>();
  }
  PgProjectionStore::Access Access(int who, const std::string& topic) {
    auto access = PgProjectionStore(pool()).AccessTo(In(), Account(who), topic);
    EXPECT_TRUE(access.ok()) << access.status();
    return access.value_or(PgProjectionStore::Access());
  }
};

TEST_F(ProjectionStoreTest, ARosterBringsItsSelfFeedAndItsAccountsFeed) {
  AddPeople(1);
  EXPECT_EQ(
      Sql("SELECT 1 FROM messaging.feed WHERE kind = 'p2p' AND a = 1 AND b = 1 AND open").size(),
      1u);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.feed WHERE kind = 'ses' AND a = 101").size(), 1u);
}

TEST_F(ProjectionStoreTest, AMovedPhoneRendersEverythingAnew) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(1, 2, "a");
  v1::ApplyRequest request;
  v1::RosterProjection* roster = Next(&request)->mutable_roster();
  roster->set_roster_id(1);
  roster->set_account_id(Account(1).value);
  roster->set_phone_id("49151000001_1");
  Apply(request);
  EXPECT_EQ(Store(2, 2, "b").from, PhoneId(2));
  Send send = Hello(2, 1, "c");
  const Send* old_number[] = {&send};
  EXPECT_EQ(PgSendStore(pool()).Append(In(), old_number, {})->each[0].kind,
            SendOutcome::Kind::kDenied);
  send.peer = "49151000001_1";
  auto out = PgSendStore(pool()).Append(In(), old_number, {});
  EXPECT_EQ(out->each[0].kind, SendOutcome::Kind::kStored);
  EXPECT_NE(out->each[0].row.prev, 0);  // the same feed
}

TEST_F(ProjectionStoreTest, AnOlderVersionIsIgnored) {
  AddPeople(2);
  v1::ApplyRequest request;
  v1::FriendshipChange* friendship = Next(&request)->mutable_friendship();
  friendship->set_roster_a(2);
  friendship->set_roster_b(1);
  friendship->set_open(true);
  friendship->set_version(7);
  Apply(request);
  EXPECT_TRUE(IsOpen());
  v1::ApplyRequest late;
  *Next(&late)->mutable_friendship() = *friendship;
  late.mutable_changes(0)->mutable_friendship()->set_open(false);
  late.mutable_changes(0)->mutable_friendship()->set_version(6);
  Apply(late);
  EXPECT_TRUE(IsOpen());
  late.mutable_changes(0)->mutable_friendship()->set_version(8);
  Apply(late);  // the same sequence: seen before
  EXPECT_TRUE(IsOpen());
  SetFriends(1, 2, false);  // version 5 of the fixture: older still
  EXPECT_TRUE(IsOpen());
}

TEST_F(ProjectionStoreTest, ARequestDeliveredTwiceIsAppliedOnce) {
  AddPeople(1);
  v1::ApplyRequest request;
  AddNotice(&request, 1, "one");
  AddNotice(&request, 1, "two");
  Announcement first = Apply(request);
  ASSERT_EQ(first.events.size(), 2u);
  EXPECT_NE(first.id, 0);
  AddNotice(&request, 1, "three");
  Announcement second = Apply(request);
  ASSERT_EQ(second.events.size(), 1u);
  EXPECT_EQ(NickOf(second.events[0]), "three");
  EXPECT_EQ(second.events[0].event.previous(), first.events[1].event.position());
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.notice").size(), 3u);
}

TEST_F(ProjectionStoreTest, NoticesAreAChainOfTheirAccountsFeed) {
  AddPeople(2);
  v1::ApplyRequest request;
  AddNotice(&request, 1, "a");
  AddNotice(&request, 2, "b");
  AddNotice(&request, 1, "c");
  Announcement out = Apply(request);
  ASSERT_EQ(out.events.size(), 3u);
  EXPECT_EQ(NickOf(out.events[2]), "c");
  EXPECT_EQ(out.events[2].event.previous(), out.events[0].event.position());
  EXPECT_EQ(out.events[0].event.topic(), "ses/" + Phone(1));
  EXPECT_EQ(out.events[1].event.topic(), "ses/" + Phone(2));
  EXPECT_EQ(out.events[1].to, std::vector<AccountId>({Account(2)}));
}

TEST_F(ProjectionStoreTest, AChangeThatMakesNoSenseAppliesNothingOfTheRequest) {
  AddPeople(1);
  v1::ApplyRequest request;
  AddNotice(&request, 1, "a");
  Next(&request)->mutable_friendship()->set_roster_a(1);
  auto applied = PgProjectionStore(pool()).Apply(In(), request);
  EXPECT_TRUE(absl::IsInvalidArgument(applied.status()));
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.notice").size(), 0u);
}

TEST_F(ProjectionStoreTest, CrossingRequestsBothSucceed) {
  AddPeople(4);
  std::vector<std::thread> threads;
  std::vector<v1::ApplyRequest> requests(40);
  for (size_t i = 0; i < requests.size(); ++i) {
    for (int k = 0; k < 4; ++k) {
      AddNotice(&requests[i], i % 2 == 0 ? k + 1 : 4 - k, std::to_string(i));
    }
  }
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < requests.size(); i += 4) Apply(requests[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.notice").size(), 160u);
  EXPECT_EQ(
      Sql("SELECT 1 FROM (SELECT previous, coalesce(lag(position) OVER (PARTITION BY feed_id "
          "ORDER BY position), 0) AS before FROM messaging.notice) n WHERE previous <> before")
          .size(),
      0u);
}

TEST_F(ProjectionStoreTest, AccessFollowsFriendship) {
  AddPeople(3);
  SetFriends(1, 2);
  std::string chat = "p2p/" + PhoneId(1) + "/" + PhoneId(2);
  EXPECT_TRUE(Access(1, chat).read && Access(1, chat).write);
  EXPECT_TRUE(Access(2, chat).write);
  EXPECT_FALSE(Access(3, chat).read);
  EXPECT_FALSE(Access(1, "p2p/" + PhoneId(2) + "/" + PhoneId(1)).read);  // reversed
  EXPECT_TRUE(Access(3, "p2p/" + PhoneId(3) + "/" + PhoneId(3)).write);
  EXPECT_FALSE(Access(1, "p2p/" + PhoneId(1) + "/" + PhoneId(3)).write);

  EXPECT_TRUE(Access(1, "ses/" + Phone(1)).read);
  EXPECT_TRUE(Access(1, "ses/" + Phone(2)).write);
  EXPECT_FALSE(Access(1, "ses/" + Phone(2)).read);
  EXPECT_FALSE(Access(1, "ses/" + Phone(3)).write);
  EXPECT_TRUE(Access(1, "ac/" + PhoneId(1)).write);
  EXPECT_FALSE(Access(1, "ac/" + PhoneId(1)).read);
  EXPECT_TRUE(Access(1, "ac/" + PhoneId(2)).read);
  EXPECT_FALSE(Access(1, "ac/" + PhoneId(3)).read);

  SetFriends(1, 2, false);
  EXPECT_FALSE(Access(1, chat).read || Access(1, chat).write);
  EXPECT_FALSE(Access(1, "ac/" + PhoneId(2)).read);
  for (const char* odd : {"", "p2p", "p2p/", "ses/%", "ses/+380670000001", "room/x", "ac/1_%"}) {
    EXPECT_FALSE(Access(1, odd).read || Access(1, odd).write) << odd;
  }
}

TEST_F(ProjectionStoreTest, OldNoticesAndAppliedMarksArePruned) {
  AddPeople(1);
  v1::ApplyRequest request;
  AddNotice(&request, 1, "old");
  AddNotice(&request, 1, "young");
  Apply(request);
  Sql("UPDATE messaging.notice SET committed_ms = 0 WHERE previous = 0");
  Sql("UPDATE messaging.applied SET applied_at = now() - interval '8 days' WHERE sequence = 1");
  // The default life: its milliseconds are beyond 32 bits.
  const absl::Status pruned =
      PgProjectionStore(pool()).Prune(In(), MessagingConfig().notice_life_s);
  ASSERT_TRUE(pruned.ok()) << pruned;
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.notice").size(), 1u);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.applied").size(), 2u);
}

}  // namespace
}  // namespace chat::messaging
