#include "tests/load/fleet.h"

#include <utility>

#include "libs/client/content.h"
#include "tests/load/plain.h"
#include "tests/load/publish_bytes.h"

namespace chat::load {

namespace {

constexpr client::Millis kTickMs = 50;
constexpr size_t kRememberedPayloads = 256;

}  // namespace

Fleet::Fleet(LinkContext& context, std::string run)
    : context_(context), run_(std::move(run)), remembered_(kRememberedPayloads) {}

Device& Fleet::Add(Account account) {
  const uint32_t index = ledger_.AddDevice();
  was_connected_.push_back(false);
  is_ready_.push_back(false);
  return devices_.emplace_back(context_, index, std::move(account),
                               static_cast<Device::Listener&>(*this));
}

uint32_t Fleet::AddConversation(Conversation conversation) {
  const uint32_t index = ledger_.AddFeed(conversation.topic, conversation.members);
  conversations_.push_back(std::move(conversation));
  return index;
}

void Fleet::Tick(client::Millis now) {
  if (now < next_tick_) return;
  next_tick_ = now + kTickMs;
  for (Device& device : devices_) device.Tick(now);
}

void Fleet::Round(int timeout_ms) {
  Flush(context_);
  context_.poller.Wait(timeout_ms);
  Flush(context_);
  Tick(NowMs());
}

size_t Fleet::unfinished() const {
  size_t count = 0;
  for (const Device& device : devices_) count += device.unfinished();
  return count;
}

void Fleet::OnConnection(Device& device, bool session_present) {
  ++counters_.connections;
  if (was_connected_[device.index()] && !session_present) ++counters_.sessions_lost;
  was_connected_[device.index()] = true;
  ledger_.Connected(device.index());
}

void Fleet::OnReady(Device& device) {
  ++ready_;
  is_ready_[device.index()] = true;
  if (hooks_.ready) hooks_.ready(device);
}

void Fleet::OnLost(Device& device, const absl::Status& why, bool was_up, Micros heard) {
  std::string reason(why.message());
  ++(was_up ? counters_.ends : counters_.attempts_failed)[reason];
  if (was_up) ledger_.Ended(device.index(), heard);
  if (is_ready_[device.index()]) --ready_;
  is_ready_[device.index()] = false;
}

void Fleet::OnWritten(Device&, const Errand& errand) {
  if (errand.kind != Errand::Kind::kMessage && errand.kind != Errand::Kind::kEdit) return;
  ++counters_.written;
  counters_.written_bytes += PublishBytes(errand.topic, errand.payload, errand.qos);
  ledger_.Written(errand.send, errand.version);
}

void Fleet::OnDone(Device& device, const Errand& errand) {
  const bool counts = errand.kind == Errand::Kind::kMessage || errand.kind == Errand::Kind::kEdit;
  if (counts && errand.qos != mqtt::Qos::kAtMostOnce) {
    ++counters_.acknowledged;
    acknowledgement_latency_.Add(NowUs() - errand.due);
    ledger_.Acknowledged(errand.send, errand.version);
  }
  if (hooks_.done) hooks_.done(device, errand);
}

void Fleet::OnArrived(Device& device, const mqtt::Publish& publish) {
  if (publish.topic.starts_with("p2p/") || publish.topic.starts_with("room/") ||
      publish.topic.starts_with(kPlainPrefix)) {
    return TakeDelivery(device, publish);
  }
  const auto content = client::ReadContent(publish.payload);
  if (!content.ok() || content->record.message == nullptr) return;
  if (const auto* io = content->As<v1::Io>(); io != nullptr && io->has_error()) {
    ++counters_.refusals[io->error().code()];
    ledger_.Refused(device.index());
  }
  const auto* profile = content->As<v1::Profile>();
  if (profile != nullptr && profile->status() == v1::Profile::INIT) device.SetReady();
  if (hooks_.record) hooks_.record(device, publish.topic, *content->record.message);
}

void Fleet::TakeDelivery(Device& device, const mqtt::Publish& publish) {
  const Delivery& delivery = Read(publish.payload);
  if (delivery.kind == Delivery::Kind::kTyping) ++counters_.typing;
  if (delivery.kind != Delivery::Kind::kMessage) return;
  Receipt receipt = delivery.receipt;
  receipt.dup = publish.dup;
  const Ledger::Outcome outcome = ledger_.Received(device.index(), receipt, NowUs());
  if (!outcome.first) {
    ++counters_.edits;
    return;
  }
  ++counters_.deliveries;
  counters_.delivered_bytes += PublishBytes(publish.topic, publish.payload, publish.qos);
  if (outcome.by_other) delivery_latency_.Add(outcome.since_sent);
}

const Fleet::Delivery& Fleet::Read(std::string_view payload) {
  Remembered& place = remembered_[std::hash<std::string_view>()(payload) % remembered_.size()];
  if (place.payload != payload) {
    place.delivery = Decode(payload);
    place.payload = payload;
  }
  return place.delivery;
}

Fleet::Delivery Fleet::Decode(std::string_view payload) const {
  Delivery delivery;
  // At a plain broker the text is all, and the sender's count stands for the server's id.
  if (const auto mark = ReadText(run_, payload); mark && mark->send.feed < conversations_.size()) {
    delivery.kind = Delivery::Kind::kMessage;
    delivery.receipt = {mark->send, mark->version, int64_t{mark->send.number} + 1, false, false};
    return delivery;
  }
  const auto content = client::ReadContent(payload);
  if (!content.ok()) return delivery;
  if (content->As<v1::Typing>() != nullptr) delivery.kind = Delivery::Kind::kTyping;
  const auto* message = content->As<v1::Message>();
  if (message == nullptr || message->files_size() == 0) return delivery;
  const auto mark = ReadText(run_, message->files(0).payload());
  if (!mark || mark->send.feed >= conversations_.size()) return delivery;
  delivery.kind = Delivery::Kind::kMessage;
  delivery.receipt = {mark->send, mark->version, message->id(),
                      message->status() == v1::Message::EDIT, false};
  return delivery;
}

}  // namespace chat::load
