#include "services/messaging/ordered_lane.h"

#include "services/messaging/lane_stream.h"

namespace chat::messaging {

OrderedLane::OrderedLane(Sender& sender, size_t max_outstanding)
    : sender_(sender), max_outstanding_(max_outstanding) {}

OrderedLane::~OrderedLane() = default;

grpc::ServerBidiReactor<v1::OrderedCalls, v1::OrderedReplies>* OrderedLane::Calls(
    grpc::CallbackServerContext*) {
  auto stream = std::make_shared<LaneStream>(*this, sender_, max_outstanding_);
  bool draining;
  {
    std::lock_guard lock(mutex_);
    streams_.insert(stream);
    draining = draining_;
  }
  draining ? stream->Drain() : stream->Start();
  return stream.get();
}

void OrderedLane::Drain() {
  std::set<std::shared_ptr<LaneStream>> streams;
  {
    std::lock_guard lock(mutex_);
    draining_ = true;
    streams = streams_;
  }
  for (const auto& stream : streams) stream->Drain();
}

void OrderedLane::Forget(const std::shared_ptr<LaneStream>& stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

}  // namespace chat::messaging
