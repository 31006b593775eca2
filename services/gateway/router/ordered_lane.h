// The ordered lane to one messaging replica: one gRPC stream, many calls under way, each write
// carrying what has gathered while the one before it was on its way (delivery promise, part 3).
#pragma once

#include <absl/status/status.h>
#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "chat/v1/messaging.pb.h"

namespace chat::gateway {

class OrderedLane {
 public:
  using Done = std::function<void(absl::Status, v1::Reply)>;

  // At most `max_calls` under way; one more fails at once with kResourceExhausted.
  OrderedLane(std::shared_ptr<grpc::Channel> channel, size_t max_calls);
  // Fails what is under way, and waits until the stream has ended. Not on a thread of gRPC.
  ~OrderedLane();

  // Any thread. `done` is called once, on a gRPC thread or this one: with the answer, with
  // kDeadlineExceeded, or with kUnavailable when the stream breaks (the call may have been
  // executed).
  void Call(v1::OrderedCall call, std::chrono::milliseconds timeout, Done done);
  // Fails calls over their deadline. Call it a few times a second.
  void Expire();
  // The channel can reach its replica, as far as is known.
  bool healthy() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::gateway
