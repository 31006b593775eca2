#include "services/gateway/open/open_session.h"

#include <algorithm>

#include "libs/mqtt/topic.h"

namespace chat::gateway {

SharedOpenEvent MakeOpenEvent(const v1::OpenMessage& message, const OpenFilters& open) {
  if (!open.OpensTopic(message.topic())) return nullptr;
  auto event = std::make_shared<OpenEvent>();
  event->position = message.position();
  event->name = message.position() != 0 ? message.position() : message.nonce();
  event->message = mqtt::Message::Create(
      message.topic(), message.payload(),
      {.properties = message.properties(), .expires_at_ms = message.expires_at_ms()});
  event->qos = static_cast<mqtt::Qos>(std::min<uint32_t>(message.qos(), 2));
  event->retain = message.retain();
  event->client_id = message.client_id();
  return event->message == nullptr ? nullptr : event;
}

void OpenSession::Load(const v1::SessionState& state) {
  for (const auto& saved : state.open()) {
    subscriptions_[saved.filter()] = {.qos = static_cast<mqtt::Qos>(std::min(saved.qos(), 2u)),
                                      .no_local = saved.no_local(),
                                      .retain_as_published = saved.retain_as_published(),
                                      .id = saved.id(),
                                      .from = saved.from()};
  }
  seen_ = state.open_position();
  state_ = State::kWaiting;
}

int64_t OpenSession::SeenWithout(const std::vector<mqtt::Token>& left) const {
  int64_t seen = seen_;
  for (const mqtt::Token token : left) {
    if ((token & kOpenToken) == 0 || (token & kApartToken) != 0) continue;
    const auto position = static_cast<int64_t>(token & ~kOpenToken);
    if (position > 0) seen = std::min(seen, position - 1);
  }
  return seen;
}

void OpenSession::Save(const std::vector<mqtt::Token>& left, v1::SessionState* state) const {
  for (const auto& [filter, subscription] : subscriptions_) {
    auto* saved = state->add_open();
    saved->set_filter(filter);
    saved->set_qos(static_cast<uint32_t>(subscription.qos));
    saved->set_no_local(subscription.no_local);
    saved->set_retain_as_published(subscription.retain_as_published);
    saved->set_id(subscription.id);
    saved->set_from(subscription.from);
  }
  state->set_open_position(SeenWithout(left));
}

void OpenSession::Advance(int64_t newest) {
  if (state_ == State::kLive) seen_ = std::max(seen_, newest);
}

bool OpenSession::Subscribe(const std::string& filter, OpenSubscription subscription) {
  const auto held = subscriptions_.find(filter);
  if (held != subscriptions_.end()) subscription.from = held->second.from;
  return subscriptions_.insert_or_assign(filter, subscription).second;
}

bool OpenSession::Unsubscribe(std::string_view filter) {
  const auto found = subscriptions_.find(filter);
  if (found == subscriptions_.end()) return false;
  subscriptions_.erase(found);
  return true;
}

bool OpenSession::Offer(const OpenEvent& event) {
  mqtt::Qos qos = mqtt::Qos::kAtMostOnce;
  bool matched = false;
  bool as_published = false;
  std::vector<uint32_t> ids;
  for (const auto& [filter, subscription] : subscriptions_) {
    if (filter.starts_with(mqtt::kSharePrefix)) continue;
    if (!mqtt::TopicMatches(filter, event.message->topic())) continue;
    if (event.position != 0 && event.position <= subscription.from) continue;
    if (subscription.no_local && event.client_id == client_id_) continue;  // MQTT5-3.8.3-3
    matched = true;
    as_published |= subscription.retain_as_published;
    qos = std::max(qos, subscription.qos);  // MQTT5-3.3.4-2
    if (subscription.id != 0) ids.push_back(subscription.id);
  }
  if (!matched) return true;
  mqtt::SubscriptionIds shared;
  if (!ids.empty()) shared = std::make_shared<const std::vector<uint32_t>>(std::move(ids));
  // MQTT5-3.3.1-12, MQTT5-3.3.1-13
  return host_.SendOpen(event, std::min(qos, event.qos), as_published && event.retain,
                        std::move(shared), false) != mqtt::Delivery::kFull;
}

void OpenSession::OnLive(const SharedOpenEvent& event) {
  if (event->position == 0) {
    Offer(*event);
    return;
  }
  if (state_ != State::kLive || event->position <= seen_) return;
  if (Offer(*event)) {
    seen_ = event->position;
  } else {
    state_ = State::kBlocked;
  }
}

bool OpenSession::OnShared(const OpenEvent& event, std::string_view filter) {
  const auto found = subscriptions_.find(filter);
  if (found == subscriptions_.end()) return false;
  const OpenSubscription& subscription = found->second;
  mqtt::SubscriptionIds ids;
  if (subscription.id != 0) {
    ids = std::make_shared<const std::vector<uint32_t>>(1, subscription.id);
  }
  const mqtt::Delivery delivery =
      host_.SendOpen(event, std::min(subscription.qos, event.qos),
                     subscription.retain_as_published && event.retain, std::move(ids), true);
  return delivery != mqtt::Delivery::kFull && delivery != mqtt::Delivery::kDropped;
}

void OpenSession::OnPage(const std::vector<SharedOpenEvent>& events, bool more, int64_t top,
                         int64_t newest) {
  asking_ = false;
  if (state_ != State::kReading) return;
  for (const SharedOpenEvent& event : events) {
    if (event->position <= seen_) continue;
    if (!Offer(*event)) {
      state_ = State::kBlocked;
      return;
    }
    seen_ = event->position;
    for (const auto& [filter, subscription] : subscriptions_) {
      const auto shared = mqtt::ParseShared(filter);
      if (!shared || event->position <= subscription.from) continue;
      if (mqtt::TopicMatches(shared->filter, event->message->topic())) {
        claims_.Add(event, filter);
      }
    }
  }
  if (!more) seen_ = std::max(seen_, top);
  if (more || newest > seen_) {
    asking_ = true;
    return host_.AskLog(seen_);
  }
  state_ = State::kLive;
}

void OpenSession::OnPageFailed() {
  asking_ = false;
  if (state_ == State::kReading) state_ = State::kWaiting;
}

void OpenSession::OnDrained() {
  if (state_ != State::kBlocked) return;
  state_ = State::kWaiting;
  Retry();
}

void OpenSession::Retry() {
  claims_.Retry();
  if (state_ != State::kWaiting || asking_) return;
  state_ = State::kReading;
  asking_ = true;
  host_.AskLog(seen_);
}

}  // namespace chat::gateway
