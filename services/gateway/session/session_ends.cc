#include "services/gateway/session/session_ends.h"

#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/gateway/router/backends.h"

namespace chat::gateway {

namespace {

// A replica that stands still is not waited for: the next try goes to another one.
constexpr std::chrono::milliseconds kTimeout{2000};

}  // namespace

void SessionEnds::Close(v1::CloseSessionRequest request) {
  {
    std::lock_guard lock(mutex_);
    ended_[request.session_id()] = {request, std::chrono::steady_clock::now()};
  }
  Send(std::move(request));
}

void SessionEnds::Send(v1::CloseSessionRequest request) {
  const int64_t session = request.session_id();
  const int64_t epoch = request.epoch();
  backends_.Ask<v1::CloseSessionRequest, v1::CloseSessionReply>(
      std::move(request), [&](auto... a) { backends_.delivery().async()->CloseSession(a...); },
      kTimeout,
      [this, session, epoch](absl::Status status, v1::CloseSessionReply) {
        OnAnswer(session, epoch, status);
      });
}

void SessionEnds::OnAnswer(int64_t session, int64_t epoch, const absl::Status& status) {
  std::lock_guard lock(mutex_);
  auto found = ended_.find(session);
  if (found == ended_.end() || found->second.request.epoch() != epoch) return;
  found->second.under_way = false;
  if (!status.ok() && std::chrono::steady_clock::now() < found->second.since + kKeep) return;
  if (!status.ok()) {
    log::Warn("session not closed", {{"session", session}, {"error", Message(status)}});
  }
  ended_.erase(found);
}

std::optional<v1::TakeOverReply> SessionEnds::Take(int64_t session, int64_t epoch) {
  std::lock_guard lock(mutex_);
  auto found = ended_.find(session);
  if (found == ended_.end() || found->second.request.epoch() >= epoch) return std::nullopt;
  v1::CloseSessionRequest request = std::move(found->second.request);
  ended_.erase(found);
  if (request.remove()) return std::nullopt;
  v1::TakeOverReply left;
  left.set_found(true);
  *left.mutable_cursor() = std::move(*request.mutable_cursor());
  *left.mutable_state() = std::move(*request.mutable_state());
  return left;
}

void SessionEnds::Retry() {
  std::vector<v1::CloseSessionRequest> again;
  {
    std::lock_guard lock(mutex_);
    for (auto& [session, ended] : ended_) {
      if (std::exchange(ended.under_way, true)) continue;
      again.push_back(ended.request);
    }
  }
  for (v1::CloseSessionRequest& request : again) Send(std::move(request));
}

size_t SessionEnds::size() const {
  std::lock_guard lock(mutex_);
  return ended_.size();
}

}  // namespace chat::gateway
