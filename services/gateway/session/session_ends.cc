#include "services/gateway/session/session_ends.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "libs/log/log.h"

namespace chat::gateway {

void SessionEnds::Close(v1::CloseSessionRequest request) {
  {
    std::lock_guard lock(mutex_);
    ended_[request.session_id()] = {request, std::chrono::steady_clock::now()};
  }
  Try(std::move(request));
}

void SessionEnds::Try(v1::CloseSessionRequest request) {
  const int64_t session = request.session_id();
  const int64_t epoch = request.epoch();
  send_(std::move(request),
        [this, session, epoch](const absl::Status& status) { OnAnswer(session, epoch, status); });
}

void SessionEnds::OnAnswer(int64_t session, int64_t epoch, const absl::Status& status) {
  std::lock_guard lock(mutex_);
  auto found = ended_.find(session);
  if (found == ended_.end() || found->second.request.epoch() != epoch) return;
  found->second.under_way = false;
  const Time now = std::chrono::steady_clock::now();
  if (status.ok()) {
    found->second.answered = true;
    found->second.since = now;
  } else if (now >= found->second.since + kKeep) {
    log::Warn("session not closed", {{"session", session}, {"error", Message(status)}});
    ended_.erase(found);
  }
}

std::optional<v1::CloseSessionRequest> SessionEnds::Take(int64_t session, int64_t epoch) {
  std::lock_guard lock(mutex_);
  auto found = ended_.find(session);
  // What an epoch in between has left, on another gateway, is newer.
  if (found == ended_.end() || found->second.request.epoch() + 1 != epoch) return std::nullopt;
  std::optional<v1::CloseSessionRequest> left = std::move(found->second.request);
  ended_.erase(found);
  return left;
}

void SessionEnds::Retry() {
  std::vector<v1::CloseSessionRequest> again;
  {
    std::lock_guard lock(mutex_);
    const Time now = std::chrono::steady_clock::now();
    std::erase_if(ended_, [now](const auto& entry) {
      return entry.second.answered && now >= entry.second.since + kLinger;
    });
    for (auto& [session, ended] : ended_) {
      if (ended.answered || std::exchange(ended.under_way, true)) continue;
      again.push_back(ended.request);
    }
  }
  for (v1::CloseSessionRequest& request : again) Try(std::move(request));
}

size_t SessionEnds::size() const {
  std::lock_guard lock(mutex_);
  return static_cast<size_t>(std::count_if(
      ended_.begin(), ended_.end(), [](const auto& entry) { return !entry.second.answered; }));
}

}  // namespace chat::gateway
