// The ends of connections on their way to messaging: what a session leaves must not be lost while
// PostgreSQL or a replica of messaging stands still. Until it is stored, or for kKeep, it is sent
// again and again, and the next connection of the session, here or by a take-over, may have it at
// once (delivery promise, part 8). Thread safe.
#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "chat/v1/messaging.pb.h"

namespace chat::gateway {

class SessionEnds {
 public:
  static constexpr std::chrono::seconds kKeep{30};
  // An answer does not say whether the next connection was faster, so that nothing was stored: it
  // asks here then.
  static constexpr std::chrono::seconds kLinger{3};
  // Sends one to messaging; `done` is called once, later, on any thread.
  using Send =
      std::function<void(v1::CloseSessionRequest request, std::function<void(absl::Status)> done)>;

  explicit SessionEnds(Send send) : send_(std::move(send)) {}

  void Close(v1::CloseSessionRequest request);
  // What the epoch just before this one left of the session; it is the caller's now.
  std::optional<v1::CloseSessionRequest> Take(int64_t session, int64_t epoch);
  // Sends again what was not answered; once a second.
  void Retry();
  // Those that are not answered yet.
  size_t size() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Ended {
    v1::CloseSessionRequest request;
    Time since;
    bool under_way = true;
    bool answered = false;
  };
  void Try(v1::CloseSessionRequest request);
  void OnAnswer(int64_t session, int64_t epoch, const absl::Status& status);

  const Send send_;
  mutable std::mutex mutex_;
  std::map<int64_t, Ended> ended_;  // by session
};

}  // namespace chat::gateway
