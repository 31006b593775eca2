// The service as gateways and owners see it: gRPC in, Redis out, two replicas on one database.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <thread>

#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/test_database.h"
#include "services/messaging/test_replica.h"

namespace chat::messaging {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ServiceTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    if (HasFatalFailure()) return;
    const char* redis = std::getenv("CHAT_TEST_REDIS");
    ASSERT_NE(redis, nullptr) << "CHAT_TEST_REDIS is not set";
    config_.redis = redis;
    config_.pg_url = url();
  }

  static rpc::Call As(int n, milliseconds timeout = seconds(10)) {
    rpc::Call call = rpc::Background(timeout);
    call.caller = Caller(n);
    return call;
  }
  static v1::Message Text(int to, const std::string& msg_id, const std::string& text = "hello") {
    v1::Message message;
    message.set_to(PhoneId(to));
    if (!msg_id.empty()) message.set_msg_id(msg_id);
    message.add_files()->set_payload(text);
    message.set_status(v1::Message::CLIENT);
    return message;
  }
  absl::StatusOr<v1::Reply> Send(Replica& replica, int from, const v1::Message& message) {
    auto stub = v1::MessageService::NewStub(replica.channel);
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(As(from), *stub, &v1::MessageService::Stub::Client, message, &reply);
    if (!status.ok()) return status;
    return reply;
  }
  static std::string A(int n) { return "a:" + std::to_string(Account(n).value); }

  MessagingConfig config_;
};

TEST_F(ServiceTest, AMessageIsAnsweredStoredAndPublishedToBothSides) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  Listener listener(config_.redis, {A(1), A(2), "horizon"});
  auto reply = Send(replica, 1, Text(2, "m"));
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->records_size(), 0);
  auto events = listener.Await(2);
  EXPECT_EQ(events[0].first, A(1));
  EXPECT_EQ(events[1].first, A(2));
  const v1::Event& event = events[1].second;
  EXPECT_EQ(event.SerializeAsString(), events[0].second.SerializeAsString());
  EXPECT_EQ(event.topic(), "p2p/" + PhoneId(1) + "/" + PhoneId(2));
  EXPECT_EQ(event.record().message().status(), v1::Message::SENT);
  EXPECT_EQ(event.record().message().id(), event.position());
  EXPECT_EQ(event.author_client(), "emqttd_1");
  EXPECT_FALSE(event.trace().empty());
  EXPECT_TRUE(listener.AwaitHorizon(event.position()));
}

TEST_F(ServiceTest, ARepeatAnswersTheStoredMessageAndIsPublishedAgainInItsPlace) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica one(config_), two(config_);
  Listener listener(config_.redis, {A(2)});
  ASSERT_TRUE(Send(one, 1, Text(2, "m", "first")).ok());
  ASSERT_TRUE(Send(one, 1, Text(2, "n")).ok());
  auto again = Send(two, 1, Text(2, "m", "second"));
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->records_size(), 1);
  const v1::Message& stored = again->records(0).message();
  EXPECT_EQ(stored.files(0).payload(), "first");
  EXPECT_EQ(stored.status(), v1::Message::SENT);
  auto events = listener.Await(3);
  EXPECT_EQ(events[2].second.position(), events[0].second.position());
  EXPECT_EQ(events[2].second.previous(), events[0].second.previous());
  EXPECT_EQ(stored.id(), events[0].second.position());
}

TEST_F(ServiceTest, AnEditIsPublishedToBothAndARepeatedSendStillAnswersTheMessage) {
  AddPeople(3);
  SetFriends(1, 2);
  Replica replica(config_);
  Listener listener(config_.redis, {A(2)});
  ASSERT_TRUE(Send(replica, 1, Text(2, "m")).ok());
  int64_t id = listener.Await(1)[0].second.position();
  auto stub = v1::MessageService::NewStub(replica.channel);
  auto edit = [&](int who, const v1::Message& request) {
    v1::Reply reply;
    absl::Status status =
        rpc::Invoke(As(who), *stub, &v1::MessageService::Stub::Edit, request, &reply);
    EXPECT_EQ(reply.records_size(), 0);
    return status;
  };
  v1::Message request;
  request.set_id(id);
  request.add_files()->set_payload("new");
  ASSERT_TRUE(edit(1, request).ok());
  v1::Event event = listener.Await(2)[1].second;
  EXPECT_EQ(event.previous(), id);
  EXPECT_EQ(event.author_client(), "emqttd_1");
  EXPECT_EQ(event.record().message().status(), v1::Message::EDIT);
  EXPECT_EQ(event.record().message().files(0).payload(), "new");
  auto again = Send(replica, 1, Text(2, "m"));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->records(0).message().status(), v1::Message::SENT);
  EXPECT_EQ(again->records(0).message().files(0).payload(), "new");
  EXPECT_EQ(listener.Await(3)[2].second.position(), event.position());

  EXPECT_EQ(rpc::RefusalOf(edit(2, request)), v1::PERMISSION_DENIED);
  EXPECT_EQ(rpc::RefusalOf(edit(3, request)), v1::PERMISSION_DENIED);
  v1::Message removal;
  removal.set_id(id);
  removal.add_seenby(2);
  ASSERT_TRUE(edit(2, removal).ok());
  EXPECT_EQ(listener.Await(4)[3].second.topic(), "ses/" + Phone(2));
  EXPECT_EQ(rpc::RefusalOf(edit(2, removal)), v1::INVALID_DATA);
  removal.clear_seenby();
  ASSERT_TRUE(edit(1, removal).ok());
  EXPECT_EQ(rpc::RefusalOf(edit(1, removal)), v1::INVALID_DATA);
  EXPECT_EQ(rpc::RefusalOf(edit(1, request)), v1::INVALID_DATA);
}

TEST_F(ServiceTest, ManyEditsOfOneMessageAtOnceAllTakeEffectOneAfterTheOther) {
  AddPeople(1);
  Replica one(config_), two(config_);
  ASSERT_TRUE(Send(one, 1, Text(1, "m")).ok());
  int64_t id = Sql("SELECT id FROM messaging.message")[0][0].as<int64_t>();
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      auto stub = v1::MessageService::NewStub((i % 2 == 0 ? one : two).channel);
      v1::Message request;
      request.set_id(id);
      request.add_files()->set_payload(std::to_string(i));
      v1::Reply reply;
      absl::Status status =
          rpc::Invoke(As(1), *stub, &v1::MessageService::Stub::Edit, request, &reply);
      EXPECT_TRUE(status.ok()) << status;
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto row =
      Sql("SELECT m.position, f.top, m.edited FROM messaging.message m, messaging.feed f "
          "WHERE f.id = m.feed_id")[0];
  EXPECT_EQ(row[0].as<int64_t>(), row[1].as<int64_t>());
  EXPECT_TRUE(row[2].as<bool>());
}

TEST_F(ServiceTest, AnUploadOfTheLaneIsCompletedOrDroppedAfterADay) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  Listener listener(config_.redis, {A(2)});
  Lane lane(replica);
  for (uint64_t id : {1, 2}) {
    v1::Message upload = Text(2, std::to_string(id));
    upload.set_status(v1::Message::UPLOAD);
    v1::OrderedCall call = Lane::Client(id, Caller(1), upload);
    call.set_method("/chat.v1.MessageService/Upload");
    lane.Write({call});
  }
  EXPECT_EQ(lane.Read(2)[2].status(), 0);
  auto events = listener.Await(2);
  auto stub = v1::MessageService::NewStub(replica.channel);
  auto complete = [&](int who, int64_t id) {
    v1::Message request;
    request.set_id(id);
    request.add_files()->set_payload("done");
    v1::Reply reply;
    return rpc::Invoke(As(who), *stub, &v1::MessageService::Stub::Complete, request, &reply);
  };
  int64_t id = events[0].second.position();
  EXPECT_EQ(events[0].second.record().message().status(), v1::Message::LINK);
  EXPECT_EQ(rpc::RefusalOf(complete(2, id)), v1::PERMISSION_DENIED);
  EXPECT_EQ(rpc::RefusalOf(complete(1, 999'999)), v1::PERMISSION_DENIED);
  ASSERT_TRUE(complete(1, id).ok());
  EXPECT_EQ(rpc::RefusalOf(complete(1, id)), v1::INVALID_DATA);
  EXPECT_EQ(listener.Await(3)[2].second.record().message().status(), v1::Message::SENT);

  Sql("UPDATE messaging.message SET committed_ms = committed_ms - 86400001");
  ASSERT_TRUE(replica.parts.editor.DropUploads(rpc::Background(seconds(10))).ok());
  const v1::Event dropped = listener.Await(4)[3].second;
  EXPECT_EQ(dropped.record().message().id(), events[1].second.position());
  EXPECT_EQ(dropped.unseen().message().status(), v1::Message::DELETED);
}

TEST_F(ServiceTest, RefusalsCarryTheirNames) {
  AddPeople(2);
  Replica replica(config_);
  v1::Message empty = Text(2, "m");
  empty.clear_files();
  EXPECT_EQ(rpc::RefusalOf(Send(replica, 1, empty).status()), v1::INVALID_DATA);
  EXPECT_EQ(rpc::RefusalOf(Send(replica, 1, Text(2, "m")).status()), v1::PERMISSION_DENIED);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 0u);
}

TEST_F(ServiceTest, TheLaneKeepsTheOrderOfArrivalWithManyCallsInFlight) {
  AddPeople(3);
  SetFriends(1, 2);
  SetFriends(1, 3);
  Replica replica(config_, 16);  // far fewer outstanding than sent
  Listener listener(config_.redis, {A(1)});
  Lane lane(replica);
  constexpr int kCalls = 300;
  std::thread writer([&] {
    std::vector<v1::OrderedCall> calls;
    for (int i = 0; i < kCalls; ++i) {
      calls.push_back(Lane::Client(i + 1, Caller(1), Text(2 + i % 2, std::to_string(i))));
      if (calls.size() == 7 || i + 1 == kCalls) {
        lane.Write(calls);
        calls.clear();
      }
    }
  });
  auto replies = lane.Read(kCalls);
  writer.join();
  for (const auto& [id, reply] : replies) EXPECT_EQ(reply.status(), 0) << reply.message();
  auto events = listener.Await(kCalls);
  std::map<std::string, std::vector<int>> seen;
  std::map<std::string, int64_t> last;
  for (const auto& [channel, event] : events) {
    seen[event.topic()].push_back(std::stoi(event.record().message().msg_id()));
    EXPECT_EQ(event.previous(), last[event.topic()]);
    last[event.topic()] = event.position();
  }
  for (const auto& [topic, order] : seen) {
    EXPECT_EQ(order.size(), size_t{kCalls / 2});
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << topic;
  }
}

TEST_F(ServiceTest, TheLaneAnswersWhatItCannotDo) {
  AddPeople(2);
  Replica replica(config_);
  Lane lane(replica);
  v1::OrderedCall unknown = Lane::Client(1, Caller(1), Text(1, "m"));
  unknown.set_method("/chat.v1.HistoryService/Get");
  v1::OrderedCall garbage = Lane::Client(2, Caller(1), Text(1, "m"));
  garbage.set_request("\xff\xff");
  lane.Write({unknown, garbage, Lane::Client(3, Caller(1), Text(2, "m")),
              Lane::Client(4, Caller(1), Text(1, "m")), Lane::Client(5, Caller(1), Text(1, "m"))});
  auto replies = lane.Read(5);
  EXPECT_EQ(replies[1].status(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(replies[2].status(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(replies[3].status(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(replies[3].refusal(), v1::PERMISSION_DENIED);
  EXPECT_EQ(replies[4].status(), 0);
  EXPECT_EQ(replies[4].reply().records_size(), 0);
  EXPECT_EQ(replies[5].reply().records_size(), 1);  // the same message
}

TEST_F(ServiceTest, ADrainedLaneAnswersWhatItHasAndEnds) {
  AddPeople(1);
  Replica replica(config_);
  Lane lane(replica);
  lane.Write({Lane::Client(1, Caller(1), Text(1, "m"))});
  EXPECT_EQ(lane.Read(1)[1].status(), 0);
  replica.lane.Drain();
  EXPECT_EQ(lane.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  Lane late(replica);
  EXPECT_EQ(late.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(ServiceTest, ALockedFeedIsAnsweredByTheDeadlineAndTheOthersGoOn) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  pqxx::connection connection(url());
  pqxx::work holder(connection);
  holder.exec("SELECT 1 FROM messaging.feed WHERE kind = 'p2p' AND a = 1 AND b = 2 FOR UPDATE");
  Lane lane(replica);
  lane.Write({Lane::Client(1, Caller(1), Text(2, "locked"), 300),
              Lane::Client(2, Caller(1), Text(1, "free"), 10'000)});
  auto replies = lane.Read(2);
  EXPECT_EQ(replies[1].status(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(replies[2].status(), 0);
  holder.abort();
  EXPECT_TRUE(Send(replica, 1, Text(2, "locked")).ok());
}

TEST_F(ServiceTest, WithRedisAwayMessagesAreCommittedAndAnnouncedLater) {
  AddPeople(2);
  SetFriends(1, 2);
  MessagingConfig deaf = config_;
  deaf.redis = "127.0.0.1:1";
  int64_t position = 0;
  {
    Replica replica(deaf);
    ASSERT_TRUE(Send(replica, 1, Text(2, "m")).ok());
    position = Sql("SELECT max(position) FROM messaging.message")[0][0].as<int64_t>();
    EXPECT_LT(replica.parts.horizon.published(), position);
    EXPECT_EQ(Sql("SELECT 1 FROM messaging.announcement").size(), 1u);
    // Gateways without Redis learn of it all the same.
    auto stub = v1::DeliveryInternal::NewStub(replica.channel);
    v1::ChangedSinceRequest request;
    request.add_account_id(Account(2).value);
    request.set_above(position - 1);
    v1::ChangedSinceReply reply;
    ASSERT_TRUE(
        rpc::Invoke(As(1), *stub, &v1::DeliveryInternal::Stub::ChangedSince, request, &reply).ok());
    EXPECT_EQ(reply.account_id_size(), 1);
  }
  // The replica is gone; another one, which has Redis, announces its commit.
  Listener listener(config_.redis, {A(2), "horizon"});
  Replica other(config_);
  EXPECT_EQ(listener.Await(1)[0].second.position(), position);
  EXPECT_TRUE(listener.AwaitHorizon(position));
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.announcement").size(), 0u);
}

TEST_F(ServiceTest, WithoutPostgresEverythingFailsInTimeAndRecoversByItself) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  ASSERT_TRUE(Send(replica, 1, Text(2, "before")).ok());
  std::string name = Sql("SELECT current_database()")[0][0].c_str();
  pqxx::connection server(std::getenv("CHAT_TEST_PG"));
  pqxx::nontransaction admin(server);
  admin.exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS false");
  admin.exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" +
             name + "'");

  Lane lane(replica);
  auto begin = std::chrono::steady_clock::now();
  lane.Write({Lane::Client(1, Caller(1), Text(2, "lane"), 2000)});
  EXPECT_EQ(lane.Read(1)[1].status(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(absl::IsUnavailable(Send(replica, 1, Text(2, "unary")).status()));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, seconds(4));

  admin.exec("ALTER DATABASE " + name + " ALLOW_CONNECTIONS true");
  EXPECT_TRUE(Send(replica, 1, Text(2, "unary")).ok());
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 2u);
}

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

TEST_F(ServiceTest, AChangeIsPublishedAndSeenByTheNextSend) {
  AddPeople(2);
  Replica replica(config_);
  Listener listener(config_.redis, {A(1)});
  auto stub = v1::FeedsInternal::NewStub(replica.channel);
  v1::ApplyRequest request;
  v1::FriendshipChange* friendship = Next(&request)->mutable_friendship();
  friendship->set_roster_a(1);
  friendship->set_roster_b(2);
  friendship->set_open(true);
  friendship->set_version(1);
  v1::Notice* notice = Next(&request)->mutable_notice();
  notice->set_account_id(Account(1).value);
  notice->set_rosters_changed(true);
  notice->mutable_record()->mutable_contact()->set_phone_id(PhoneId(2));
  v1::ApplyReply reply;
  ASSERT_TRUE(rpc::Invoke(As(1), *stub, &v1::FeedsInternal::Stub::Apply, request, &reply).ok());
  v1::Event event = listener.Await(1)[0].second;
  EXPECT_TRUE(event.change().rosters());
  EXPECT_EQ(event.record().contact().phone_id(), PhoneId(2));
  EXPECT_TRUE(Send(replica, 1, Text(2, "m")).ok());

  v1::FeedAccessRequest asked;
  asked.set_account_id(Account(2).value);
  asked.set_topic("p2p/" + PhoneId(1) + "/" + PhoneId(2));
  v1::FeedAccessReply access;
  ASSERT_TRUE(rpc::Invoke(As(1), *stub, &v1::FeedsInternal::Stub::Access, asked, &access).ok());
  EXPECT_TRUE(access.read() && access.write());

  v1::ViewsRequest views;
  views.set_roster_id(2);
  views.add_peers(1);
  v1::ViewsReply view;
  ASSERT_TRUE(rpc::Invoke(As(1), *stub, &v1::FeedsInternal::Stub::Views, views, &view).ok());
  EXPECT_EQ(view.views(0).unread(), 1);
  EXPECT_EQ(view.views(0).last().msg_id(), "m");
}

TEST_F(ServiceTest, ANewSessionMissesNothingAndGetsNothingOld) {
  AddPeople(2);
  SetFriends(1, 2);
  Replica replica(config_);
  ASSERT_TRUE(Send(replica, 1, Text(2, "old")).ok());
  auto stub = v1::DeliveryInternal::NewStub(replica.channel);
  v1::OpenSessionRequest open;
  open.set_account_id(Account(2).value);
  open.set_client_id("emqttd_2");
  open.set_expiry_s(100);
  v1::OpenSessionReply session;
  ASSERT_TRUE(
      rpc::Invoke(As(2), *stub, &v1::DeliveryInternal::Stub::OpenSession, open, &session).ok());
  ASSERT_TRUE(Send(replica, 1, Text(2, "new")).ok());
  v1::ReplayRequest request;
  request.set_account_id(Account(2).value);
  request.set_above(session.cursor().position());
  v1::ReplayReply replay;
  ASSERT_TRUE(
      rpc::Invoke(As(2), *stub, &v1::DeliveryInternal::Stub::Replay, request, &replay).ok());
  std::vector<std::string> fresh;
  for (const v1::Event& event : replay.events()) {
    const auto& above = session.cursor().above();
    if (std::find(above.begin(), above.end(), event.position()) == above.end()) {
      fresh.push_back(event.record().message().msg_id());
    }
  }
  EXPECT_EQ(fresh, std::vector<std::string>({"new"}));
}

}  // namespace
}  // namespace chat::messaging
