#include "services/gateway/open/claims.h"

#include <algorithm>
#include <atomic>
#include <utility>

namespace chat::gateway {

void Claims::Add(SharedOpenEvent event, const std::string& filter) {
  static std::atomic<uint64_t> next{1};  // one for all, so that no other's answer is taken for ours
  if (claims_.size() >= kMax) return;
  const uint64_t id = next++;
  claims_.push_back({id, event, filter, State::kAsked});
  host_.AskClaim(id, event, filter);
}

void Claims::OnAnswer(uint64_t id, std::optional<bool> granted) {
  const auto found = std::lower_bound(claims_.begin(), claims_.end(), id,
                                      [](const Claim& claim, uint64_t i) { return claim.id < i; });
  if (found == claims_.end() || found->id != id) return;
  found->state = !granted ? State::kFailed : *granted ? State::kGranted : State::kDenied;
  GiveOn();
}

void Claims::GiveOn() {
  while (!claims_.empty()) {
    Claim& first = claims_.front();
    if (first.state == State::kAsked || first.state == State::kFailed) return;
    if (first.state == State::kGranted && !host_.OnGranted(*first.event, first.filter)) return;
    claims_.pop_front();
  }
}

void Claims::Retry() {
  GiveOn();
  for (size_t i = 0; i < claims_.size(); ++i) {
    if (claims_[i].state != State::kFailed) continue;
    claims_[i].state = State::kAsked;
    host_.AskClaim(claims_[i].id, claims_[i].event, claims_[i].filter);
  }
}

}  // namespace chat::gateway
