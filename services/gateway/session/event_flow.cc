#include "services/gateway/session/event_flow.h"

#include <algorithm>

namespace chat::gateway {

void EventFlow::Resync() {
  if (state_ == State::kReplaying) {
    again_ = true;
    return;
  }
  if (state_ == State::kBlocked) return;  // OnDrained reads everything
  state_ = State::kReplaying;
  again_ = false;
  if (asking_) return;  // its answer starts the pass
  BeginPass();
}

void EventFlow::BeginPass() {
  read_ = cursor_.position();
  had_.clear();
  asking_ = true;
  host_.AskPage(read_, had_);
}

bool EventFlow::PassOn(const ReadyEvent& event) {
  if (!cursor_.Pass(event.position)) return true;
  if (event.unseen == nullptr) return HandOver(event);
  ReadyEvent chosen = event;
  chosen.message = FormFor(event);
  return HandOver(chosen);
}

mqtt::SharedMessage EventFlow::FormFor(const ReadyEvent& event) {
  if (event.unseen == nullptr || cursor_.Has(event.first)) return event.message;
  // Until this one is acknowledged the cursor must not rise over the first position: after a crash
  // the message would come as an edit.
  cursor_.PassWith(event.position, event.first);
  return event.unseen;
}

mqtt::SharedMessage EventFlow::Restore(const ReadyEvent& event) {
  cursor_.Pass(event.position);
  return FormFor(event);
}

bool EventFlow::HandOver(const ReadyEvent& event) {
  const mqtt::Qos qos = host_.QosOf(event);
  switch (host_.SendEvent(event, qos)) {
    case mqtt::Delivery::kSent:
      // At QoS 0 nothing more is heard of it.
      if (qos == mqtt::Qos::kAtMostOnce) cursor_.Acknowledge(event.position);
      return true;
    case mqtt::Delivery::kQueued:
      return true;
    case mqtt::Delivery::kDiscarded:  // larger than the client takes: it counts as delivered
      cursor_.Acknowledge(event.position);
      return true;
    default:
      cursor_.Retract(event.position);
      return false;
  }
}

void EventFlow::OnLive(const ReadyEvent& event) {
  if (event.position == 0) {
    host_.SendEvent(event, host_.QosOf(event));
    return;
  }
  if (state_ == State::kLive) {
    if (!PassOn(event)) state_ = State::kBlocked;
    return;
  }
  if (state_ != State::kReplaying) return;  // a later pass finds it
  if (held_.size() < kMaxHeld) {
    held_.push_back(event);
  } else {
    again_ = true;
  }
}

void EventFlow::OnPage(const EventPage& page) {
  asking_ = false;
  if (state_ != State::kReplaying) return;
  for (const ReadyEvent& event : page.events) {
    had_.push_back(event.position);
    if (PassOn(event)) continue;
    state_ = State::kBlocked;
    held_.clear();
    return;
  }
  if (!page.more) return EndOfPass();
  // The page ends with its last event: what is stable above that is still to be read.
  if (!page.events.empty()) {
    read_ = std::max(read_, std::min(page.stable, page.events.back().position));
  }
  std::erase_if(had_, [this](int64_t position) { return position <= read_; });
  asking_ = true;
  host_.AskPage(read_, had_);
}

void EventFlow::EndOfPass() {
  std::vector<ReadyEvent> held;
  held.swap(held_);
  had_ = {};
  state_ = State::kLive;
  // What was held may follow on events that only the next pass finds: all of it is durable, and
  // that pass finds it, too.
  if (again_) return Resync();
  for (const ReadyEvent& event : held) {
    if (PassOn(event)) continue;
    state_ = State::kBlocked;
    return;
  }
}

void EventFlow::OnPageFailed() {
  asking_ = false;
  held_.clear();
  state_ = State::kWaiting;
}

void EventFlow::OnDrained() {
  if (state_ != State::kBlocked) return;
  state_ = State::kLive;
  Resync();
}

void EventFlow::Advance(int64_t horizon) {
  // What is not passed on yet must stay above the cursor.
  if (state_ == State::kLive) cursor_.Advance(horizon);
}

}  // namespace chat::gateway
