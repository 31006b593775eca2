#include <gtest/gtest.h>

#include <string>

#include "libs/rpc/refusal.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_message_store.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_replay_store.h"
#include "services/messaging/test_database.h"

namespace chat::messaging {
namespace {

constexpr char kRoom[] = "team";

class RoomsTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    AddPeople(4);
  }

  v1::RoomChange& NewChange(v1::ApplyRequest* request, bool open = true) {
    v1::RoomChange& change = *Next(request)->mutable_room();
    change.set_room_id(9);
    change.set_name_id(kRoom);
    change.set_version(++version_);
    change.set_open(open);
    return change;
  }
  static void Add(v1::RoomChange& change, int who, bool admin = false, bool silent = false) {
    v1::RoomMember& member = *change.add_set();
    member.set_roster_id(who);
    member.set_admin(admin);
    member.set_silent(silent);
  }
  static void Say(v1::RoomChange& change, int from, const std::string& type) {
    v1::SystemMessage& system = *change.add_broadcasts()->mutable_system();
    system.set_from(from);
    system.set_type(type);
    system.set_text(type + "!");
  }
  // 1 is the admin, 2 a member.
  Announcement Create(bool channel = false) {
    v1::ApplyRequest request;
    v1::RoomChange& change = NewChange(&request);
    change.set_channel(channel);
    Add(change, 1, true);
    Add(change, 2);
    Say(change, 1, "join");
    return Apply(request);
  }
  Announcement AddMember(int who) {
    v1::ApplyRequest request;
    v1::RoomChange& change = NewChange(&request);
    Add(change, who);
    change.add_broadcasts()->mutable_record()->mutable_room()->set_status(v1::Room::ADD);
    Say(change, 1, "join");
    return Apply(request);
  }
  Announcement Remove(int who) {
    v1::ApplyRequest request;
    v1::RoomChange& change = NewChange(&request);
    change.add_lost(who);
    change.add_broadcasts()->mutable_record()->mutable_room()->set_status(v1::Room::REMOVE);
    Say(change, 1, "removed");
    return Apply(request);
  }

  SendOutcome Send(int who, const std::string& msg_id) {
    v1::Message message;
    message.mutable_muc()->set_name(kRoom);
    message.set_msg_id(msg_id);
    message.add_files()->set_payload("hello");
    auto send = CheckSend(Caller(who), message);
    EXPECT_TRUE(send.ok()) << send.status();
    const messaging::Send* sends[] = {&*send};
    auto outcomes = PgSendStore(pool()).Append(In(), sends, {});
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes.ok() ? outcomes->each[0] : SendOutcome();
  }
  bool MaySend(int who) {
    static int n = 0;
    return Send(who, "may" + std::to_string(++n)).kind == SendOutcome::Kind::kStored;
  }
  std::vector<v1::Event> Replay(int who, int64_t above = 0) {
    auto reply = PgReplayStore(pool()).Replay(In(), Account(who), above, 100, 1 << 20);
    EXPECT_TRUE(reply.ok()) << reply.status();
    std::vector<v1::Event> of_room;
    for (const v1::Event& event : reply->events()) {
      if (event.topic() == "room/team") of_room.push_back(event);
    }
    return of_room;
  }
  PgProjectionStore::Access Access(int who, const std::string& topic) {
    return *PgProjectionStore(pool()).AccessTo(In(), Account(who), topic);
  }
  AskedFeed Asked(int who) { return {Account(who), RosterId{who}, PhoneId(who), "", kRoom}; }
  absl::StatusOr<std::vector<MessageRow>> History(int who) {
    return PgHistoryStore(pool()).Page(In(), Asked(who), {0, true, 100}, 1 << 20);
  }

  int64_t version_ = 0;
};

TEST_F(RoomsTest, AChangeBringsItsBroadcastsInTheirPlaceAndTellsWhoGainedTheRoom) {
  Announcement out = Create();
  ASSERT_EQ(out.events.size(), 3u);
  const v1::Event& joined = out.events[0].event;
  EXPECT_EQ(joined.topic(), "room/team");
  EXPECT_EQ(joined.members_version(), 1);
  EXPECT_TRUE(out.events[0].room);
  EXPECT_TRUE(out.events[0].to.empty());
  const v1::Message& message = joined.record().message();
  EXPECT_EQ(message.status(), v1::Message::MUC);
  EXPECT_EQ(message.muc().name(), kRoom);
  EXPECT_EQ(message.from(), PhoneId(1));
  EXPECT_EQ(message.to(), kRoom);
  EXPECT_EQ(message.type(), "join");
  EXPECT_FALSE(message.has_prev());
  EXPECT_EQ(message.files(0).id(), "srv_" + std::to_string(message.id()));
  EXPECT_EQ(message.files(0).payload(), "join!");
  for (size_t i : {1u, 2u}) {
    EXPECT_TRUE(out.events[i].event.change().rooms());
    EXPECT_EQ(out.events[i].event.lane(), v1::Event::TRANSIENT);
  }
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.announcement").size(), 1u);
}

TEST_F(RoomsTest, MembersWriteAndOthersDoNot) {
  Create();
  SendOutcome stored = Send(2, "a");
  ASSERT_EQ(stored.kind, SendOutcome::Kind::kStored);
  EXPECT_EQ(stored.row.to, kRoom);
  EXPECT_EQ(stored.row.members_version, 1);
  EXPECT_NE(stored.row.prev, 0);  // the system message is a link of the chain (O23)
  EXPECT_EQ(Send(2, "a").kind, SendOutcome::Kind::kRepeat);
  EXPECT_EQ(Send(2, "a").row.id, stored.row.id);
  EXPECT_FALSE(MaySend(3));
}

TEST_F(RoomsTest, ASilentMemberReadsOnly) {
  Create();
  v1::ApplyRequest request;
  Add(NewChange(&request), 2, false, true);
  EXPECT_TRUE(Apply(request).events.empty());
  EXPECT_FALSE(MaySend(2));
  EXPECT_TRUE(Access(2, "room/team").read);
  EXPECT_FALSE(Access(2, "room/team").write);
  EXPECT_TRUE(MaySend(1));
}

TEST_F(RoomsTest, InAChannelOnlyAdminsWrite) {
  Create(true);
  EXPECT_TRUE(MaySend(1));
  EXPECT_FALSE(MaySend(2));
  EXPECT_FALSE(Access(2, "room/team").write);
  EXPECT_TRUE(Access(1, "room/team").write);
}

TEST_F(RoomsTest, WhoIsRemovedHearsOfItThereAndNothingAfterwards) {
  Create();
  Announcement out = Remove(2);
  ASSERT_EQ(out.events.size(), 3u);
  EXPECT_EQ(out.events[0].event.members_version(), 1);  // the version that 2 is still in
  EXPECT_EQ(out.events[0].event.record().room().status(), v1::Room::REMOVE);
  EXPECT_EQ(out.events[1].event.previous(), out.events[0].event.position());
  EXPECT_EQ(out.events[2].to, std::vector<AccountId>({Account(2)}));
  EXPECT_EQ(Send(1, "later").row.members_version, 2);
  EXPECT_TRUE(Replay(2).empty());
  EXPECT_FALSE(MaySend(2));
  EXPECT_FALSE(Access(2, "room/team").read);
  EXPECT_EQ(rpc::RefusalOf(History(2).status()), v1::INVALID_DATA);
}

TEST_F(RoomsTest, WhoComesLaterGetsWhatCameSinceAndReadsAllHistory) {
  Create();
  Send(1, "before");
  Announcement out = AddMember(3);
  const int64_t joined = out.events[0].event.position();
  Send(1, "after");
  std::vector<v1::Event> replayed = Replay(3);
  ASSERT_EQ(replayed.size(), 3u);
  EXPECT_EQ(replayed[0].position(), joined);
  EXPECT_EQ(replayed[0].record().room().status(), v1::Room::ADD);
  EXPECT_EQ(replayed[2].record().message().msg_id(), "after");
  EXPECT_EQ(Replay(1).size(), 5u);
  auto page = History(3);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->size(), 4u);  // two system messages, two sent
  auto view = PgHistoryStore(pool()).Views(In(), RosterId{3}, {}, {9});
  EXPECT_EQ((*view)[0].unread, 1);  // what was there before it came is read
  EXPECT_EQ((*view)[0].last->to, kRoom);
}

TEST_F(RoomsTest, AnOlderVersionChangesNothing) {
  Create();
  version_ = 0;
  v1::ApplyRequest request;
  v1::RoomChange& late = NewChange(&request);
  late.add_lost(2);
  Say(late, 1, "removed");
  EXPECT_TRUE(Apply(request).events.empty());
  EXPECT_TRUE(MaySend(2));
}

TEST_F(RoomsTest, ADeletedRoomHasNobody) {
  Create();
  v1::ApplyRequest request;
  v1::RoomChange& gone = NewChange(&request, false);
  gone.add_broadcasts()->mutable_record()->mutable_room()->set_status(v1::Room::DELETE);
  Announcement out = Apply(request);
  ASSERT_EQ(out.events.size(), 3u);  // the record, and two who lost it
  EXPECT_EQ(out.events[0].event.losers_size(), 2);
  EXPECT_FALSE(MaySend(1));
  EXPECT_FALSE(Access(1, "room/team").read);
  auto feeds = PgProjectionStore(pool()).RoomFeeds(In(), {101, 102});
  EXPECT_TRUE(feeds->empty());
}

TEST_F(RoomsTest, GatewaysLearnTheRoomsOfTheirAccounts) {
  Create();
  AddMember(3);
  auto feeds = PgProjectionStore(pool()).RoomFeeds(In(), {101, 103, 104});
  ASSERT_TRUE(feeds.ok()) << feeds.status();
  ASSERT_EQ(feeds->size(), 1u);
  EXPECT_EQ((*feeds)[0].members_version(), 2);
  EXPECT_EQ((*feeds)[0].account_id_size(), 2);
}

TEST_F(RoomsTest, AnAdminRemovesWhatAMemberWroteAndAMemberOnlyItsOwn) {
  Create();
  AddMember(3);
  const int64_t id = Send(2, "a").row.id;
  auto may = [&](int who) {
    v1::Message request;
    request.set_id(id);
    auto stored = PgMessageStore(pool()).Find(In(), Account(who), id);
    return CheckEditor(Caller(who), request, AskedEdit::Kind::kRemoveForAll, **stored).ok();
  };
  EXPECT_TRUE(may(1));
  EXPECT_TRUE(may(2));
  EXPECT_FALSE(may(3));
  EXPECT_FALSE(may(4));
  auto read = [&](int who) {
    return PgMessageStore(pool()).Readable(In(), RosterId{who}, id)->has_value();
  };
  EXPECT_TRUE(read(3));
  EXPECT_FALSE(read(4));
  const int64_t later = Send(2, "b").row.id;
  const auto many =
      PgMessageStore(pool()).Readable(In(), RosterId{3}, {later, id, 999'999'999, id});
  ASSERT_EQ(many->size(), 2u);
  EXPECT_EQ((*many)[0].id, id);
  EXPECT_EQ((*many)[1].id, later);
}

TEST_F(RoomsTest, AReaderMarkIsToldAsTheRoom) {
  Create();
  const int64_t a = Send(1, "a").row.id;
  Send(1, "b");
  auto marked = PgHistoryStore(pool()).Read(In(), {Account(2), RosterId(), "", "", kRoom}, a);
  ASSERT_TRUE(marked.ok()) << marked.status();
  EXPECT_EQ(marked->unread, 1);
  ASSERT_EQ(marked->announcement.events.size(), 1u);
  const v1::Room& room = marked->announcement.events[0].event.record().room();
  EXPECT_EQ(room.id(), kRoom);
  EXPECT_EQ(room.unread(), 1);
  EXPECT_EQ(room.last_msg().msg_id(), "b");
  EXPECT_EQ(room.status(), v1::Room::LAST_MSG);
}

TEST_F(RoomsTest, CoMembersMayHearOfEachOther) {
  Create();
  EXPECT_TRUE(Access(1, "muc/" + PhoneId(2)).read);
  EXPECT_FALSE(Access(1, "muc/" + PhoneId(2)).write);
  EXPECT_FALSE(Access(1, "muc/" + PhoneId(3)).read);
}

TEST_F(RoomsTest, ARecordForAFeedIsADurableEventOnItsTopic) {
  Create();
  SetFriends(1, 2);
  v1::ApplyRequest request;
  for (const std::string& topic :
       {"p2p/" + PhoneId(1) + "/" + PhoneId(2), std::string("room/team"), std::string("room/no")}) {
    v1::FeedNotice& notice = *Next(&request)->mutable_feed_notice();
    notice.set_topic(topic);
    notice.mutable_record()->mutable_cdr()->set_id("c1");
  }
  Announcement out = Apply(request);
  ASSERT_EQ(out.events.size(), 2u);
  EXPECT_EQ(out.events[0].event.topic(), "p2p/" + PhoneId(1) + "/" + PhoneId(2));
  EXPECT_EQ(out.events[0].to.size(), 2u);
  EXPECT_EQ(out.events[1].event.topic(), "room/team");
  EXPECT_TRUE(out.events[1].room);
}

}  // namespace
}  // namespace chat::messaging
