// Changes of stored messages and what the stores show of them afterwards.
#include "services/messaging/edit_rules.h"
#include "services/messaging/pg_announcement_store.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_message_store.h"
#include "services/messaging/pg_replay_store.h"
#include "services/messaging/render.h"
#include "services/messaging/test_database.h"

#include "libs/rpc/refusal.h"

namespace chat::messaging {
namespace {

using Kind = SendOutcome::Kind;

class ChangeTest : public DatabaseTest {
 protected:
  StoredMessage Find(int64_t id) {
    auto stored = PgMessageStore(pool()).Find(In(), Account(1), id);
    EXPECT_TRUE(stored.ok()) << stored.status();
    return **stored;
  }
  static v1::Message Asked(const std::string& text) {
    v1::Message request;
    if (!text.empty()) request.add_files()->set_payload(text);
    return request;
  }
  // An edit, or with an empty text a removal for all.
  SendOutcome Change(const MessageRow& read, const std::string& text) {
    Send send;
    send.change = Edited(
        Asked(text), text.empty() ? AskedEdit::Kind::kRemoveForAll : AskedEdit::Kind::kEdit, read);
    auto outcomes = PgSendStore(pool()).Change(In(), send, {});
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    bool announced = outcomes->announcement != 0;
    EXPECT_EQ(announced, outcomes->each[0].kind == Kind::kStored);
    return outcomes->each[0];
  }
  void Hide(int64_t id, int who) {
    v1::Record record;
    record.mutable_message()->set_id(id);
    auto hidden = PgMessageStore(pool()).Hide(In(), id, RosterId{who}, Account(who),
                                              record.SerializeAsString());
    ASSERT_TRUE(hidden.ok()) << hidden.status();
    ASSERT_EQ(hidden->events.size(), 1u);
    EXPECT_EQ(hidden->events[0].event.topic(), "ses/" + Phone(who));
    EXPECT_EQ(hidden->events[0].to, std::vector<AccountId>({Account(who)}));
  }
  std::vector<MessageRow> Page(int own, int peer, bool forward = true) {
    AskedFeed asked{Account(own), RosterId{own}, PhoneId(own), PhoneId(peer), ""};
    auto page = PgHistoryStore(pool()).Page(In(), asked, {0, forward, 100}, 1 << 20);
    EXPECT_TRUE(page.ok()) << page.status();
    return *page;
  }
  PgHistoryStore::View ViewOf(int own, int peer) {
    return (*PgHistoryStore(pool()).Views(In(), RosterId{own}, {peer}, {}))[0];
  }
  std::vector<v1::Event> Replay(int who, int64_t above) {
    auto reply = PgReplayStore(pool()).Replay(In(), Account(who), above, 100, 1 << 20);
    EXPECT_TRUE(reply.ok()) << reply.status();
    return {reply->events().begin(), reply->events().end()};
  }
  void ClearAnnouncements() { Sql("DELETE FROM messaging.announcement"); }
  // Ids of what may not be published yet, oldest first.
  std::vector<int64_t> Announcements() {
    std::vector<int64_t> ids;
    for (const pqxx::row& row : Sql("SELECT id FROM messaging.announcement ORDER BY id")) {
      ids.push_back(row[0].as<int64_t>());
    }
    return ids;
  }
  static std::string TextOf(const v1::Message& message) {
    return message.files_size() == 0 ? "" : message.files(0).payload();
  }
};

TEST_F(ChangeTest, AnEditTakesANewPlaceInTheFeedAndKeepsTheIdAndTheChain) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow a = Store(1, 2, "a"), b = Store(2, 1, "b");
  SendOutcome outcome = Change(Find(a.id).row, "new");
  ASSERT_EQ(outcome.kind, Kind::kStored);
  EXPECT_GT(outcome.row.position, b.position);
  EXPECT_EQ(outcome.row.previous, b.position);
  EXPECT_EQ(outcome.row.id, a.id);
  MessageRow c = Store(1, 2, "c");
  EXPECT_EQ(c.previous, outcome.row.position);
  EXPECT_EQ(c.prev, b.id);

  auto page = Page(2, 1);
  ASSERT_EQ(page.size(), 3u);
  v1::Message shown = RenderMessage(page[0]);
  EXPECT_EQ(TextOf(shown), "new");
  EXPECT_EQ(shown.status(), v1::Message::SENT);
  EXPECT_FALSE(shown.has_edit_msg());
  EXPECT_EQ(shown.next(), b.id);
  EXPECT_EQ(ViewOf(2, 1).unread, 2);  // as before
}

TEST_F(ChangeTest, ReplayBringsAMessageOnceAsTheEditAndAsHistoryShowsItToThoseWhoNeverHadIt) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow a = Store(1, 2, "a"), b = Store(2, 1, "b");
  Change(Find(a.id).row, "one");
  int64_t position = Change(Find(a.id).row, "two").row.position;
  for (int64_t above : {int64_t{0}, a.id, b.id}) {
    auto events = Replay(2, above);
    ASSERT_EQ(events.size(), above == b.id ? 1u : 2u);
    const v1::Event& event = events.back();
    EXPECT_EQ(event.position(), position);
    EXPECT_EQ(event.first(), a.id);
    EXPECT_EQ(event.record().message().status(), v1::Message::EDIT);
    EXPECT_EQ(event.record().message().edit_msg(), a.id);
    EXPECT_EQ(TextOf(event.record().message()), "two");
    EXPECT_EQ(event.unseen().message().status(), v1::Message::SENT);
    EXPECT_FALSE(event.unseen().message().has_edit_msg());
  }
}

// A cursor that rose over the first position would take the edit for one of a message it has.
TEST_F(ChangeTest, TheHorizonStaysBelowAMessageThatChangedBeforeItWasPublished) {
  PgAnnouncementStore announcements(pool());
  const auto unpublished = [&] { return announcements.View(In())->unpublished; };
  AddPeople(2);
  SetFriends(1, 2);
  ClearAnnouncements();
  const MessageRow a = Store(1, 2, "a");
  const auto sent = Announcements();
  ASSERT_EQ(sent.size(), 1u);
  ASSERT_EQ(unpublished(), a.id);
  Change(Find(a.id).row, "one");
  const auto edited = Announcements();
  ASSERT_EQ(edited.size(), 2u);
  Change(Find(a.id).row, "two");
  const auto edited_again = Announcements();
  ASSERT_EQ(edited_again.size(), 3u);
  ASSERT_TRUE(announcements.DeletePublished(In(), {sent[0]}).ok());
  EXPECT_EQ(unpublished(), a.id);
  ASSERT_TRUE(announcements.DeletePublished(In(), {edited[1]}).ok());
  EXPECT_EQ(unpublished(), a.id);
  ASSERT_TRUE(announcements.DeletePublished(In(), {edited_again[2]}).ok());
  EXPECT_EQ(unpublished(), 0);
}

TEST_F(ChangeTest, AnEditOfAPublishedMessageHoldsNothingUp) {
  PgAnnouncementStore announcements(pool());
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  const MessageRow a = Store(1, 2, "a");
  ClearAnnouncements();
  Store(1, 3, "of another feed");
  const int64_t position = Change(Find(a.id).row, "one").row.position;
  ASSERT_TRUE(announcements.DeletePublished(In(), {Announcements()[0]}).ok());
  EXPECT_EQ(announcements.View(In())->unpublished, position);
}

TEST_F(ChangeTest, ARemovedMessageIsShownAsDeletedAndIsNotUnread) {
  AddPeople(2);
  SetFriends(1, 2);
  Store(1, 2, "a");
  MessageRow b = Store(1, 2, "b");
  ASSERT_EQ(ViewOf(2, 1).unread, 2);
  ASSERT_EQ(Change(Find(b.id).row, "").kind, Kind::kStored);
  for (int own : {1, 2}) {
    auto page = Page(own, 3 - own);
    ASSERT_EQ(page.size(), 2u);
    v1::Message shown = RenderMessage(page[1]);
    EXPECT_EQ(shown.status(), v1::Message::DELETED);
    EXPECT_EQ(shown.files_size(), 0);
    EXPECT_EQ(shown.seenby(0), -1);
    EXPECT_EQ(ViewOf(own, 3 - own).last->id, b.id);
  }
  EXPECT_EQ(ViewOf(2, 1).unread, 1);
  auto events = Replay(2, b.id);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].record().message().status(), v1::Message::EDIT);
  EXPECT_EQ(events[0].unseen().message().status(), v1::Message::DELETED);
}

TEST_F(ChangeTest, WhatHasMovedSinceItWasReadIsNotChanged) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow a = Store(1, 2, "a");
  MessageRow read = Find(a.id).row;
  ASSERT_EQ(Change(read, "first").kind, Kind::kStored);
  EXPECT_EQ(Change(read, "second").kind, Kind::kStale);
  EXPECT_EQ(TextOf(RenderMessage(Page(1, 2)[0])), "first");
}

TEST_F(ChangeTest, AClosedFeedIsNotChangedAndALockedOneLater) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow read = Find(Store(1, 2, "a").id).row;
  {
    pqxx::connection connection(url());
    pqxx::work holder(connection);
    holder.exec("SELECT 1 FROM messaging.feed FOR UPDATE");
    EXPECT_EQ(Change(read, "new").kind, Kind::kRetry);
  }
  SetFriends(1, 2, false);
  EXPECT_EQ(Change(read, "new").kind, Kind::kDenied);
  EXPECT_FALSE(Find(read.id).row.edited);
}

TEST_F(ChangeTest, ARepeatedSendOfAnEditedMessageFindsItsLatestState) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow a = Store(1, 2, "a");
  Change(Find(a.id).row, "new");
  Send again = Hello(1, 2, "a");
  const Send* sends[] = {&again};
  auto outcomes = PgSendStore(pool()).Append(In(), sends, {});
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  EXPECT_EQ(outcomes->each[0].kind, Kind::kRepeat);
  EXPECT_TRUE(outcomes->each[0].row.edited);
  EXPECT_EQ(TextOf(RenderMessage(outcomes->each[0].row)), "new");
}

TEST_F(ChangeTest, RemovedForOneselfIsHiddenFromOneselfOnly) {
  AddPeople(2);
  SetFriends(1, 2);
  MessageRow a = Store(1, 2, "a"), b = Store(1, 2, "b"), c = Store(1, 2, "c");
  Hide(b.id, 2);
  Hide(c.id, 2);
  EXPECT_EQ(Page(1, 2).size(), 3u);
  auto page = Page(2, 1);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].id, a.id);
  EXPECT_EQ(page[0].next, b.id);  // its place in the chain stays
  EXPECT_EQ(Page(2, 1, false).size(), 1u);
  EXPECT_EQ(ViewOf(2, 1).last->id, a.id);
  EXPECT_EQ(ViewOf(2, 1).unread, 1);
  EXPECT_EQ(ViewOf(1, 2).last->id, c.id);
  Hide(a.id, 2);
  EXPECT_FALSE(ViewOf(2, 1).last.has_value());

  EXPECT_EQ(Replay(1, 0).size(), 3u);
  auto events = Replay(2, 0);
  ASSERT_EQ(events.size(), 3u);
  for (const v1::Event& event : events) EXPECT_EQ(event.topic(), "ses/" + Phone(2));
  auto again = PgMessageStore(pool()).Hide(In(), b.id, RosterId{2}, Account(2), "");
  EXPECT_EQ(rpc::RefusalOf(again.status()), v1::INVALID_DATA);
}

class UploadTest : public ChangeTest {
 protected:
  SendOutcome Upload(int from, int to, const std::string& msg_id) {
    v1::Message message;
    message.set_to(PhoneId(to));
    message.set_msg_id(msg_id);
    message.add_files()->set_id("file");
    message.set_status(v1::Message::UPLOAD);
    auto send = CheckSend(Caller(from), message);
    EXPECT_TRUE(send.ok()) << send.status();
    const chat::messaging::Send* sends[] = {&*send};
    auto outcomes = PgSendStore(pool()).Append(In(), sends, {});
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes->each[0];
  }
  SendOutcome Complete(int64_t id, const std::string& text) {
    Send send;
    send.change = Edited(Asked(text), AskedEdit::Kind::kComplete, Find(id).row);
    auto outcomes = PgSendStore(pool()).Change(In(), send, {});
    EXPECT_TRUE(outcomes.ok()) << outcomes.status();
    return outcomes->each[0];
  }
};

TEST_F(UploadTest, ALinkHasItsPlaceAndCountsAsUnreadOnlyWhenItIsComplete) {
  AddPeople(2);
  SetFriends(1, 2);
  SendOutcome link = Upload(1, 2, "u");
  ASSERT_EQ(link.kind, Kind::kStored);
  EXPECT_EQ(RenderEvent(link.row).event.record().message().status(), v1::Message::LINK);
  EXPECT_EQ(Upload(1, 2, "u").kind, Kind::kRepeat);
  MessageRow b = Store(2, 1, "b");
  EXPECT_EQ(b.prev, link.row.id);
  EXPECT_EQ(RenderMessage(Page(2, 1)[0]).status(), v1::Message::LINK);
  EXPECT_EQ(ViewOf(2, 1).unread, 0);

  SendOutcome done = Complete(link.row.id, "file");
  ASSERT_EQ(done.kind, Kind::kStored);
  EXPECT_GT(done.row.position, b.position);
  EXPECT_EQ(RenderMessage(Page(2, 1)[0]).status(), v1::Message::SENT);
  EXPECT_EQ(ViewOf(2, 1).unread, 1);
  auto events = Replay(2, 0);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1].record().message().status(), v1::Message::SENT);
  EXPECT_EQ(events[1].record().message().id(), link.row.id);
  EXPECT_FALSE(events[1].has_unseen());
}

TEST_F(UploadTest, OnlyUploadsOfADayAgoInOpenFeedsAreLate) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  int64_t late = Upload(1, 2, "late").row.id;
  Upload(1, 3, "closed");
  Complete(Upload(1, 2, "done").row.id, "file");
  Sql("UPDATE messaging.message SET committed_ms = committed_ms - 86400001");
  Upload(1, 2, "young");
  SetFriends(1, 3, false);
  auto found = PgMessageStore(pool()).LateUploads(In());
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].row.id, late);
}

TEST_F(ChangeTest, AnUnknownMessageIsNotFound) {
  EXPECT_FALSE(PgMessageStore(pool()).Find(In(), Account(1), 999'999)->has_value());
}

}  // namespace
}  // namespace chat::messaging
