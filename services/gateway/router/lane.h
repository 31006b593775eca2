// A way to one replica of messaging on which calls keep their order.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <functional>

#include "chat/v1/messaging.pb.h"

namespace chat::gateway {

class Lane {
 public:
  using Done = std::function<void(absl::Status, v1::Reply)>;
  virtual ~Lane() = default;
  // Any thread. The call goes out with the next Flush(), with those that have gathered. `done` is
  // called once, on any thread or this one: with the answer, with kDeadlineExceeded, or with
  // kUnavailable when the lane breaks (the call may have been executed).
  virtual void Call(v1::OrderedCall call, std::chrono::milliseconds timeout, Done done) = 0;
  // Any thread.
  virtual void Flush() = 0;
  // Fails calls over their deadline. Call it a few times a second.
  virtual void Expire() = 0;
  // The replica can be reached, as far as is known.
  virtual bool healthy() const = 0;
  // Calls under way.
  virtual size_t pending() const = 0;
};

}  // namespace chat::gateway
