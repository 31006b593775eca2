// The ordered lane over the wire: order, refusals, drain, uploads.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "libs/rpc/refusal.h"
#include "services/messaging/service_fixture.h"

namespace chat::messaging {
namespace {

using std::chrono::seconds;

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

}  // namespace
}  // namespace chat::messaging
