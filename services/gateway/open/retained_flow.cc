#include "services/gateway/open/retained_flow.h"

#include <utility>

namespace chat::gateway {

void RetainedFlow::Add(const std::string& filter, const OpenSubscription& subscription) {
  Remove(filter);
  wanted_.push_back({filter, subscription, ""});
  if (state_ == State::kIdle) Ask();
}

void RetainedFlow::Remove(std::string_view filter) {
  if (wanted_.empty()) return;
  const bool first = wanted_.front().filter == filter;
  std::erase_if(wanted_, [filter](const Wanted& wanted) { return wanted.filter == filter; });
  if (first && state_ == State::kAsking) stale_ = true;
  if (first && state_ == State::kBlocked) Ask();
  if (wanted_.empty() && state_ != State::kAsking) state_ = State::kIdle;
}

void RetainedFlow::Ask() {
  stale_ = false;
  page_.Clear();
  if (wanted_.empty()) {
    state_ = State::kIdle;
    return;
  }
  state_ = State::kAsking;
  host_.AskRetained(wanted_.front().filter, wanted_.front().after);
}

void RetainedFlow::OnPage(v1::OpenRetainedReply page) {
  if (state_ != State::kAsking) return;
  if (stale_) return Ask();
  page_ = std::move(page);
  next_ = 0;
  PassOn();
}

void RetainedFlow::PassOn() {
  Wanted& wanted = wanted_.front();
  for (; next_ < page_.messages_size(); ++next_) {
    const v1::OpenMessage& message = page_.messages(next_);
    // What has come into the log since then comes as it is published [MQTT-3.3.1-9].
    const bool due = message.position() <= wanted.subscription.from;
    if (due && !host_.SendRetained(message, wanted.subscription)) {
      state_ = State::kBlocked;
      return;
    }
    wanted.after = message.topic();
  }
  if (page_.more()) {
    wanted.after = page_.after();
  } else {
    wanted_.pop_front();
  }
  Ask();
}

void RetainedFlow::OnPageFailed() {
  if (state_ == State::kAsking) state_ = wanted_.empty() ? State::kIdle : State::kWaiting;
}

void RetainedFlow::OnRoom() {
  if (state_ != State::kBlocked) return;
  state_ = State::kAsking;  // sending may bring further room about
  PassOn();
}

void RetainedFlow::Save(v1::SessionState* state) const {
  for (const Wanted& wanted : wanted_) {
    for (auto& saved : *state->mutable_open()) {
      if (saved.filter() != wanted.filter) continue;
      saved.set_retained_after(wanted.after);
      saved.set_retained_upto(wanted.subscription.from);
    }
  }
}

void RetainedFlow::Load(const v1::SessionState& state, const OpenSession& session) {
  for (const auto& saved : state.open()) {
    if (!saved.has_retained_after()) continue;
    const auto found = session.subscriptions().find(saved.filter());
    if (found == session.subscriptions().end()) continue;
    OpenSubscription subscription = found->second;
    subscription.from = saved.retained_upto();
    wanted_.push_back({saved.filter(), subscription, saved.retained_after()});
    state_ = State::kWaiting;
  }
}

void RetainedFlow::Retry() {
  if (state_ == State::kWaiting) Ask();
}

}  // namespace chat::gateway
