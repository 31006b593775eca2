// Edits over the wire: published to both sides, one after the other.
#include <gtest/gtest.h>

#include <thread>

#include "libs/rpc/refusal.h"
#include "services/messaging/service_fixture.h"

namespace chat::messaging {
namespace {

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

}  // namespace
}  // namespace chat::messaging
