#include <algorithm>

#include "libs/mqtt/session.h"
#include "libs/mqtt/session_state.h"

namespace chat::mqtt {

namespace {

// O4: in 3.x the only answer that is not an acknowledgement.
bool Withholds(Reason reason, Version version) {
  return version != Version::k5 && reason == Reason::kImplementationSpecificError;
}

// The client takes the exchange for over, and a QoS 2 id for free [MQTT5-4.3.3-9].
bool Frees(Reason reason, Version version) {
  return version == Version::k5 ? reason >= Reason::kUnspecifiedError : Withholds(reason, version);
}

}  // namespace

size_t Session::executing() const { return inbound_ ? inbound_->pending.size() : 0; }

size_t Session::unreleased() const { return inbound_ ? inbound_->unreleased.size() : 0; }

// What a client of 5.0 counts against the receive maximum.
size_t Session::Outstanding() const {
  if (!inbound_) return 0;
  const auto& held = inbound_->unreleased;
  return inbound_->pending.size() +
         static_cast<size_t>(std::count_if(held.begin(), held.end(), [this](const auto& id) {
           return std::none_of(inbound_->pending.begin(), inbound_->pending.end(),
                               [&id](const auto& entry) { return entry.id == id.id; });
         }));
}

void Session::TidyInbound() {
  if (inbound_ && inbound_->pending.empty() && inbound_->unreleased.empty()) inbound_.reset();
}

Session::Inbound Session::OnPublish(const Publish& publish) {
  using What = Inbound::What;
  if (publish.qos == Qos::kAtMostOnce) return {What::kExecute, kNoHandle, {}};
  if (!receptive()) {
    return {What::kError,
            kNoHandle,
            {Reason::kReceiveMaximumExceeded, "MQTT5-3.3.4-7", "too many requests at once"}};
  }
  if (!inbound_) inbound_ = std::make_unique<InboundState>();
  auto& held = inbound_->unreleased;
  using Stage = InboundState::Stage;
  if (publish.qos == Qos::kExactlyOnce) {
    const auto known = std::find_if(held.begin(), held.end(),
                                    [&](const auto& entry) { return entry.id == publish.id; });
    if (known != held.end()) {  // MQTT-4.3.3-2
      const Stage stage = known->executed ? Stage::kDone : Stage::kExecuting;
      inbound_->pending.push_back(
          {known->handle, publish.id, publish.qos, stage, Reason::kSuccess});
      const InboundHandle handle = known->handle;
      FlushAcks();
      return {What::kDuplicate, handle, {}};
    }
  }
  const bool counted = terms_.version == Version::k5 || publish.qos == Qos::kExactlyOnce;
  const size_t outstanding = terms_.version == Version::k5 ? Outstanding() : held.size();
  if (counted && outstanding >= limits_->receive_maximum) {
    TidyInbound();
    return {What::kError,
            kNoHandle,
            {Reason::kReceiveMaximumExceeded, "MQTT5-3.3.4-7", "more than the receive maximum"}};
  }
  const InboundHandle handle{next_handle_};
  if (++next_handle_ == 0) next_handle_ = 1;
  inbound_->pending.push_back(
      {handle, publish.id, publish.qos, Stage::kExecuting, Reason::kSuccess});
  if (publish.qos == Qos::kExactlyOnce) held.push_back({handle, publish.id, false});
  return {What::kExecute, handle, {}};
}

void Session::AckInbound(InboundHandle handle, Reason reason) {
  if (handle == kNoHandle || !inbound_) return;
  using Stage = InboundState::Stage;
  const bool was_receptive = receptive();
  for (auto& entry : inbound_->pending) {
    if (entry.handle != handle || entry.stage != Stage::kExecuting) continue;
    entry.stage = Withholds(reason, terms_.version) ? Stage::kWithheld : Stage::kDone;
    entry.reason = reason;
  }
  auto& held = inbound_->unreleased;
  const auto id = std::find_if(held.begin(), held.end(), [&](const auto& entry) {
    return entry.handle == handle && !entry.executed;
  });
  if (id != held.end()) {
    if (Frees(reason, terms_.version)) {
      held.erase(id);
    } else {
      id->executed = true;
    }
  }
  if (FlushAcks() && link_ != nullptr && !was_receptive && receptive()) link_->Receptive();
}

// Sends what is due at the front; false when an acknowledgement was withheld. The state is looked
// at anew after each call of the link.
bool Session::FlushAcks() {
  using Stage = InboundState::Stage;
  while (link_ != nullptr && inbound_ && !inbound_->pending.empty()) {
    auto& front = inbound_->pending.front();
    if (front.stage == Stage::kExecuting || front.stage == Stage::kEnded) break;
    const auto due = front;
    if (due.stage == Stage::kWithheld) {
      front.stage = Stage::kEnded;
      link_->Withheld(due.reason);
      return false;
    }
    inbound_->pending.erase(inbound_->pending.begin());
    // MQTT-4.6.0-2, MQTT-4.6.0-3
    link_->SendAck(due.qos == Qos::kExactlyOnce ? PacketType::kPubrec : PacketType::kPuback, due.id,
                   due.reason);
  }
  TidyInbound();
  return true;
}

std::optional<ProtocolError> Session::OnPubrel(PacketId id) {
  bool known = false;
  if (inbound_) {
    auto& held = inbound_->unreleased;
    const auto entry =
        std::find_if(held.begin(), held.end(), [id](const auto& e) { return e.id == id; });
    if (entry != held.end()) {
      if (!entry->executed) {
        return ProtocolError{Reason::kProtocolError, "MQTT-4.3.3-1", "PUBREL before PUBREC"};
      }
      known = true;
      held.erase(entry);
      TidyInbound();
    }
  }
  // MQTT-4.3.3-2; to an unknown one as well, so that the client can finish.
  if (link_ != nullptr) {
    link_->SendAck(PacketType::kPubcomp, id,
                   known ? Reason::kSuccess : Reason::kPacketIdentifierNotFound);
  }
  return {};
}

}  // namespace chat::mqtt
