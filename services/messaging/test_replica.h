// For tests: a replica of the service in this process, and the two ends of a gateway that it speaks
// to: Redis and the ordered lane.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "libs/redis/subscriber.h"
#include "services/messaging/delivery_internal_service.h"
#include "services/messaging/feeds_internal_service.h"
#include "services/messaging/history_service.h"
#include "services/messaging/message_service.h"
#include "services/messaging/ordered_lane.h"
#include "services/messaging/parts.h"
#include "services/messaging/typing_service.h"

namespace chat::messaging {

// One replica in this process, wired as main() does.
class Replica {
 public:
  explicit Replica(const MessagingConfig& config, size_t lane_outstanding = 1000)
      : parts(config),
        lane(parts.sender, lane_outstanding),
        messages(parts.sender, parts.editor),
        history(parts.history, parts.announcer, parts.receipts, parts.links),
        cursors(parts.history, parts.announcer, parts.receipts),
        typing(parts.lane),
        feeds(parts.projections, parts.history, parts.messages, parts.sessions, parts.announcer,
              parts.lane, parts.objects, parts.links),
        delivery(parts.sessions, parts.replay, parts.projections, parts.horizon, parts.links) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &lane, &messages, &history, &cursors, &typing, &feeds, &delivery}) {
      builder.RegisterService(service);
    }
    server = builder.BuildAndStart();
    channel = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                  grpc::InsecureChannelCredentials());
    parts.announcer.Start();
    parts.horizon.Tick();
    parts.horizon.Start();
  }
  ~Replica() {
    lane.Drain();
    server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(2));
    server->Wait();
  }

  Parts parts;
  OrderedLane lane;
  MessageService messages;
  HistoryService history;
  CursorService cursors;
  TypingService typing;
  FeedsInternalService feeds;
  DeliveryInternalService delivery;
  std::unique_ptr<grpc::Server> server;
  std::shared_ptr<grpc::Channel> channel;
};

// What Redis brings to one gateway.
class Listener {
 public:
  Listener(const std::string& redis, const std::vector<std::string>& channels)
      : subscriber_(redis, {.on_message =
                                [this](std::string_view channel, std::string_view payload) {
                                  std::lock_guard lock(mutex_);
                                  if (channel == "horizon") {
                                    v1::Horizon horizon;
                                    horizon.ParseFromString(std::string(payload));
                                    horizons_.push_back(horizon.position());
                                  } else {
                                    v1::Event event;
                                    event.ParseFromString(std::string(payload));
                                    events_.emplace_back(channel, event);
                                  }
                                  changed_.notify_all();
                                },
                            .on_subscribed =
                                [this](const std::vector<std::string>& confirmed) {
                                  std::lock_guard lock(mutex_);
                                  confirmed_ += confirmed.size();
                                  changed_.notify_all();
                                },
                            .on_connection = [](bool) {}}) {
    subscriber_.Subscribe(channels);
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10),
                                  [&] { return confirmed_ >= channels.size(); }));
  }
  std::vector<std::pair<std::string, v1::Event>> Await(size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(10), [&] { return events_.size() >= count; }));
    return events_;
  }
  bool AwaitHorizon(int64_t position) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return !horizons_.empty() && horizons_.back() >= position; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t confirmed_ = 0;
  std::vector<std::pair<std::string, v1::Event>> events_;
  std::vector<int64_t> horizons_;
  redis::Subscriber subscriber_;  // last: its thread uses the others
};

// The gateway's end of an ordered stream.
class Lane {
 public:
  explicit Lane(Replica& replica)
      : stub_(v1::OrderedLane::NewStub(replica.channel)), stream_(stub_->Calls(&context_)) {}
  ~Lane() {
    if (finished_) return;
    stream_->WritesDone();
    Finish();
  }
  static v1::OrderedCall Client(uint64_t id, const v1::Caller& caller, const v1::Message& message,
                                int64_t deadline_ms = 10'000) {
    v1::OrderedCall call;
    call.set_call(id);
    call.set_method("/chat.v1.MessageService/Client");
    *call.mutable_caller() = caller;
    call.set_request(message.SerializeAsString());
    call.set_deadline_ms(deadline_ms);
    return call;
  }
  void Write(const std::vector<v1::OrderedCall>& calls) {
    v1::OrderedCalls batch;
    for (const auto& call : calls) *batch.add_calls() = call;
    EXPECT_TRUE(stream_->Write(batch));
  }
  // Until `count` replies have come in all.
  std::map<uint64_t, v1::OrderedReply> Read(size_t count) {
    v1::OrderedReplies batch;
    while (replies_.size() < count && stream_->Read(&batch)) {
      for (const auto& reply : batch.replies()) replies_[reply.call()] = reply;
    }
    EXPECT_EQ(replies_.size(), count);
    return replies_;
  }
  grpc::Status Finish() {
    v1::OrderedReplies rest;
    while (stream_->Read(&rest)) {
    }
    finished_ = true;
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<v1::OrderedLane::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::OrderedCalls, v1::OrderedReplies>> stream_;
  std::map<uint64_t, v1::OrderedReply> replies_;
  bool finished_ = false;
};

}  // namespace chat::messaging
