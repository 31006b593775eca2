#include "tests/load/device.h"

#include <algorithm>
#include <utility>

namespace chat::load {

Device::Device(LinkContext& context, uint32_t index, Account account, Listener& listener)
    : index_(index),
      account_(std::move(account)),
      listener_(listener),
      link_(context, index, *this) {}

void Device::Open(uint16_t keep_alive_s) {
  client::ConnectOptions options;
  options.client_id = account_.client_id;
  options.password = account_.token;
  options.clean_session = false;
  options.keep_alive_s = keep_alive_s;
  link_.Open(std::move(options));
}

void Device::Submit(Errand errand) {
  if (waiting_.empty() && link_.up() && Write(errand, mqtt::kNoPacketId)) return;
  // What is true only now is worth nothing later.
  if (errand.kind == Errand::Kind::kTyping) return;
  waiting_.push_back(std::move(errand));
}

void Device::Subscribe(std::set<std::string> filters, mqtt::Qos qos) {
  filters_ = std::move(filters);
  filters_qos_ = qos;
  subscribed_ = false;
  WriteSubscriptions();
}

void Device::SetReady() {
  if (ready_ || !link_.up()) return;
  ready_ = true;
  listener_.OnReady(*this);
}

void Device::OnUp(bool session_present) {
  listener_.OnConnection(*this, session_present);
  for (InFlight& again : std::exchange(in_flight_, {})) {
    if (link_.Awaits(again.id)) {
      in_flight_.push_back(std::move(again));
    } else if (!Write(again.errand, session_present ? again.id : mqtt::kNoPacketId)) {
      waiting_.push_back(std::move(again.errand));
    }
  }
  WriteSubscriptions();
  WriteWaiting();
  // The cluster sends a Profile first, a plain broker nothing.
  if (account_.token.empty()) SetReady();
}

void Device::OnAcknowledged(mqtt::PacketId id) {
  if (id == subscribing_) {
    subscribing_ = mqtt::kNoPacketId;
    subscribed_ = true;
    return;
  }
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const InFlight& item) { return item.id == id; });
  if (found == in_flight_.end()) return;
  const Errand errand = std::move(found->errand);
  in_flight_.erase(found);
  listener_.OnDone(*this, errand);
  WriteWaiting();
}

void Device::OnMessage(const mqtt::Publish& publish) { listener_.OnArrived(*this, publish); }

void Device::OnDown(const absl::Status& why, bool was_up, int64_t heard_us) {
  ready_ = false;
  subscribed_ = false;
  subscribing_ = mqtt::kNoPacketId;
  listener_.OnLost(*this, why, was_up, heard_us);
}

bool Device::Write(Errand& errand, mqtt::PacketId again) {
  const auto id = link_.Publish(
      {.topic = errand.topic, .payload = errand.payload, .qos = errand.qos, .again = again});
  if (!id.ok()) return false;
  listener_.OnWritten(*this, errand);
  if (errand.qos == mqtt::Qos::kAtMostOnce) {
    listener_.OnDone(*this, errand);
  } else {
    in_flight_.push_back({*id, std::move(errand)});
  }
  return true;
}

void Device::WriteSubscriptions() {
  if (filters_.empty() || !link_.up()) return;
  std::vector<mqtt::Subscription> subscriptions;
  for (const std::string& filter : filters_) {
    subscriptions.push_back({.filter = filter, .qos = filters_qos_});
  }
  const auto id = link_.Subscribe(std::move(subscriptions));
  if (id.ok()) subscribing_ = *id;
}

void Device::WriteWaiting() {
  while (!waiting_.empty() && link_.up()) {
    Errand errand = std::move(waiting_.front());
    waiting_.pop_front();
    if (Write(errand, mqtt::kNoPacketId)) continue;
    return waiting_.push_front(std::move(errand));
  }
}

}  // namespace chat::load
