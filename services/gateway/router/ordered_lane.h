// The ordered lane to one messaging replica: one gRPC stream, many calls under way, each write
// carrying what has gathered until Flush() and while the one before it was on its way (delivery
// promise, part 3).
#pragma once

#include <absl/status/status.h>
#include <grpcpp/channel.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "chat/v1/messaging.pb.h"
#include "services/gateway/router/lane.h"

namespace chat::gateway {

class OrderedLane final : public Lane {
 public:
  // At most `max_calls` under way; one more fails at once with kResourceExhausted.
  OrderedLane(std::shared_ptr<grpc::Channel> channel, size_t max_calls);
  // Fails what is under way, and waits until the stream has ended. Not on a thread of gRPC.
  ~OrderedLane() override;

  // `done` is called on a gRPC thread or this one.
  void Call(v1::OrderedCall call, std::chrono::milliseconds timeout, Done done) override;
  void Flush() override;
  void Expire() override;
  bool healthy() const override;
  size_t pending() const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::gateway
