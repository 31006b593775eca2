// The service as gateways and owners see it: gRPC in, Redis out, two replicas on one database.
#include <gtest/gtest.h>

#include <algorithm>

#include "libs/rpc/refusal.h"
#include "services/messaging/service_fixture.h"

namespace chat::messaging {
namespace {

using std::chrono::seconds;

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

TEST_F(ServiceTest, RefusalsCarryTheirNames) {
  AddPeople(2);
  Replica replica(config_);
  v1::Message empty = Text(2, "m");
  empty.clear_files();
  EXPECT_EQ(rpc::RefusalOf(Send(replica, 1, empty).status()), v1::INVALID_DATA);
  EXPECT_EQ(rpc::RefusalOf(Send(replica, 1, Text(2, "m")).status()), v1::PERMISSION_DENIED);
  EXPECT_EQ(Sql("SELECT 1 FROM messaging.message").size(), 0u);
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
