// What readers ask and tell, over the wire: History, cursors, typing.
#include <gtest/gtest.h>

#include "libs/rpc/refusal.h"
#include "services/messaging/service_fixture.h"

namespace chat::messaging {
namespace {

TEST_F(ServiceTest, HistoryAndReaderOverTheWire) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Send(replica, 1, Text(2, id)).ok());
  auto stub = v1::HistoryService::NewStub(replica.channel);
  v1::History request;
  request.set_roster_id(PhoneId(2));
  request.mutable_p2p()->set_from(PhoneId(2));  // the wrong order
  request.mutable_p2p()->set_to(PhoneId(1));
  request.set_size(-2);
  request.set_status(v1::History::GET);
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(As(2), *stub, &v1::HistoryService::Stub::Get, request, &reply).ok());
  const v1::History& page = reply.records(0).history();
  ASSERT_EQ(page.data_size(), 2);
  EXPECT_EQ(page.data(0).msg_id(), "c");
  EXPECT_EQ(page.data(1).next(), page.data(0).id());
  EXPECT_EQ(page.size(), page.data(1).id());
  EXPECT_EQ(page.entity_id(), 0);
  EXPECT_EQ(page.p2p().from(), PhoneId(1));
  EXPECT_EQ(page.roster_id(), PhoneId(2));
  EXPECT_EQ(page.status(), v1::History::GET);

  Listener listener(config_.redis, {A(2)});
  request.set_entity_id(page.data(1).id());
  v1::Reply none;
  ASSERT_TRUE(rpc::Invoke(As(2), *stub, &v1::HistoryService::Stub::Update, request, &none).ok());
  EXPECT_EQ(none.records_size(), 0);
  v1::Event event = listener.Await(1)[0].second;
  EXPECT_EQ(event.topic(), "ses/" + Phone(2));
  EXPECT_EQ(event.record().contact().unread(), 1);
  EXPECT_EQ(event.record().contact().reader(), page.data(1).id());

  absl::Status foreign = rpc::Invoke(As(1), *stub, &v1::HistoryService::Stub::Get, request, &reply);
  EXPECT_EQ(rpc::RefusalOf(foreign), v1::INVALID_DATA);
}

TEST_F(ServiceTest, ACursorAnswersTheUnreadCountAndTellsTheDevices) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  for (const char* id : {"a", "b", "c"}) ASSERT_TRUE(Send(replica, 1, Text(2, id)).ok());
  int64_t first = Sql("SELECT min(id) FROM messaging.message")[0][0].as<int64_t>();
  Listener listener(config_.redis, {A(2)});
  auto stub = v1::CursorService::NewStub(replica.channel);
  v1::Cursor request;
  request.mutable_p2p()->set_from(PhoneId(2));  // the wrong order
  request.mutable_p2p()->set_to(PhoneId(1));
  request.set_position(first);
  v1::Reply reply;
  ASSERT_TRUE(rpc::Invoke(As(2), *stub, &v1::CursorService::Stub::Update, request, &reply).ok());
  ASSERT_EQ(reply.records_size(), 1);
  EXPECT_EQ(reply.records(0).ok2().p2p().from(), PhoneId(1));
  EXPECT_EQ(reply.records(0).ok2().number(), 2);
  const v1::Contact contact = listener.Await(1)[0].second.record().contact();
  EXPECT_EQ(contact.status(), v1::Contact::LAST_MSG);
  EXPECT_EQ(contact.reader(), first);
  EXPECT_EQ(contact.unread(), 2);

  request.set_position(999'999);
  absl::Status unknown =
      rpc::Invoke(As(2), *stub, &v1::CursorService::Stub::Update, request, &reply);
  EXPECT_EQ(rpc::RefusalOf(unknown), v1::INVALID_DATA);
}

TEST_F(ServiceTest, TypingReachesBothSidesOfAFriendshipAndIsStoredNowhere) {
  AddPeople(3);
  SetFriends(1, 2);
  Replica replica(config_);
  Listener listener(config_.redis, {A(1), A(2), A(3)});
  auto stub = v1::TypingService::NewStub(replica.channel);
  auto type = [&](int who, const std::string& author, const std::string& room) {
    v1::Typing request;
    request.set_author(author);
    request.set_room(room);
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(As(who), *stub, &v1::TypingService::Stub::Relay, request, &reply);
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(reply.records_size(), 0);
  };
  type(3, PhoneId(1), PhoneId(2));  // not the own author
  type(3, PhoneId(3), PhoneId(2));  // not friends
  type(1, PhoneId(1), "nobody");
  type(2, PhoneId(2), PhoneId(1));
  type(1, PhoneId(1), PhoneId(1));  // the self chat: the last, to know that no other comes
  auto events = listener.Await(3);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].first, A(1));
  EXPECT_EQ(events[1].first, A(2));
  EXPECT_EQ(events[2].first, A(1));
  const v1::Event& event = events[1].second;
  EXPECT_EQ(event.lane(), v1::Event::TRANSIENT);
  EXPECT_EQ(event.topic(), "p2p/" + PhoneId(1) + "/" + PhoneId(2));
  EXPECT_EQ(event.record().typing().author(), PhoneId(2));
  EXPECT_EQ(event.record().typing().room(), PhoneId(1));
  EXPECT_EQ(event.position(), 0);
  EXPECT_EQ(event.qos(), 0u);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 0u);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.notice").size(), 0u);
}

}  // namespace
}  // namespace chat::messaging
