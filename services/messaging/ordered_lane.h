// The stream on which a gateway sends what is ordered by a feed: many calls in flight, answered in
// any order, replies gathered into one write. Only Message/client and
// Message/upload go this way.
//
// Bounds: at most `max_outstanding` calls of a stream are unanswered; past that the stream is not
// read, and gRPC's flow control holds the gateway back. Each call is answered by its deadline.
#pragma once

#include <memory>
#include <mutex>
#include <set>

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/message_service.h"

namespace chat::messaging {

class LaneStream;

class OrderedLane : public v1::OrderedLane::CallbackService {
 public:
  // `sender` outlives the server.
  OrderedLane(Sender& sender, size_t max_outstanding);
  ~OrderedLane() override;
  grpc::ServerBidiReactor<v1::OrderedCalls, v1::OrderedReplies>* Calls(
      grpc::CallbackServerContext* context) override;
  // The process ends: streams are read no more, and end with kUnavailable once what they brought is
  // answered. Gateways go to another replica.
  void Drain();

 private:
  friend class LaneStream;
  void Forget(const std::shared_ptr<LaneStream>& stream);

  Sender& sender_;
  const size_t max_outstanding_;
  std::mutex mutex_;
  bool draining_ = false;
  std::set<std::shared_ptr<LaneStream>> streams_;
};

}  // namespace chat::messaging
