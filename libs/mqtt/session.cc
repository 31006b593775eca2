#include "libs/mqtt/session.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "libs/mqtt/session_state.h"

namespace chat::mqtt {

namespace {

// Leaves NextId something to find.
constexpr size_t kMaxInFlight = 32'768;

constexpr ProtocolError kWrongAcknowledgement{Reason::kProtocolError, "MQTT-4.8.0-1",
                                              "acknowledgement that does not belong to the QoS"};

template <typename Entries>
auto FindId(Entries& entries, PacketId id) {
  return std::find_if(entries.begin(), entries.end(), [id](const auto& e) { return e.id == id; });
}

}  // namespace

Session::Session(const SessionLimits& limits, PacketId first_id)
    : limits_(&limits), next_id_(first_id == kNoPacketId ? PacketId{1} : first_id) {}

Session::~Session() = default;

Session::Outbound& Session::outbound() {
  if (!outbound_) outbound_ = std::make_unique<Outbound>();
  return *outbound_;
}

void Session::TidyOutbound() {
  if (!outbound_) return;
  if (outbound_->queued() == 0) outbound_->queue.reset();
  if (outbound_->in_flight() == 0 && !outbound_->queue) outbound_.reset();
}

size_t Session::in_flight() const { return outbound_ ? outbound_->in_flight() : 0; }

size_t Session::queued() const { return outbound_ ? outbound_->queued() : 0; }

size_t Session::window() const {
  return std::clamp<size_t>(std::min(limits_->window, terms_.window), 1, kMaxInFlight);
}

void Session::Attach(SessionLink& link, const ClientTerms& terms) {
  if (link_ != nullptr) std::abort();  // two connections would write into one session
  link_ = &link;
  terms_ = terms;
  resumed_ = false;
}

void Session::Detach() {
  link_ = nullptr;
  resumed_ = false;
  if (outbound_) {
    for (auto& entry : outbound_->published) entry.fresh = false;
    for (auto& entry : outbound_->released) entry.fresh = false;
  }
  if (inbound_) inbound_->pending.clear();
  TidyInbound();
}

void Session::Resume() {
  if (link_ == nullptr || resumed_) return;
  ResendReleased();
  resumed_ = true;
  Settle();
}

// The loops below look at the state anew after each call of the link, which may have changed it.
void Session::ResendReleased() {
  const auto stale = [](const auto& entry) { return !entry.fresh; };
  while (link_ != nullptr && outbound_) {
    auto& entries = outbound_->released;
    const auto next = std::find_if(entries.begin(), entries.end(), stale);
    if (next == entries.end()) return;
    next->fresh = true;
    link_->SendAck(PacketType::kPubrel, next->id, Reason::kSuccess);
  }
}

bool Session::ResendPublished() {
  const auto stale = [](const auto& entry) { return !entry.fresh; };
  while (link_ != nullptr && outbound_) {
    auto& entries = outbound_->published;
    const auto next = std::find_if(entries.begin(), entries.end(), stale);
    if (next == entries.end()) return true;
    if (!ClientHasRoom()) return false;
    next->fresh = true;
    // MQTT-4.4.0-1, MQTT-3.3.1-1
    const PublishHead head{.qos = next->qos,
                           .dup = true,
                           .retain = next->retain,
                           .id = next->id,
                           .subscriptions = next->subscriptions};
    const SharedMessage message = next->message;
    if (link_->Sendable(head, *message)) {
      link_->SendPublish(head, message);
      continue;
    }
    const Token token = next->token;
    entries.erase(next);
    link_->Acknowledged(token);
  }
  return true;
}

// MQTT5-4.9.0-1
bool Session::ClientHasRoom() const { return !outbound_ || outbound_->active() < terms_.window; }

bool Session::Sendable(const SharedMessage& message, Qos qos, bool retain,
                       const SubscriptionIds& subscriptions) const {
  const PublishHead head{.qos = qos,
                         .dup = false,
                         .retain = retain,
                         .id = kNoPacketId,
                         .subscriptions = subscriptions};
  return link_->Sendable(head, *message);
}

bool Session::InUse(PacketId id) const {
  if (!outbound_) return false;
  return FindId(outbound_->published, id) != outbound_->published.end() ||
         FindId(outbound_->released, id) != outbound_->released.end();
}

// MQTT-2.3.1-2
PacketId Session::NextId() {
  const auto following = [](PacketId id) {
    const auto next = static_cast<uint16_t>(static_cast<uint16_t>(id) + 1);
    return next == 0 ? PacketId{1} : PacketId{next};
  };
  while (InUse(next_id_)) next_id_ = following(next_id_);
  return std::exchange(next_id_, following(next_id_));
}

// Into the window and onto the wire. Precondition: attached.
void Session::Launch(Queued item) {
  const PublishHead head{.qos = item.qos,
                         .dup = item.again,
                         .retain = item.retain,
                         .id = NextId(),
                         .subscriptions = item.subscriptions};
  outbound().published.push_back({item.message, item.token, head.id, item.qos, item.retain, true,
                                  std::move(item.subscriptions)});
  link_->SendPublish(head, item.message);
}

bool Session::QueueHasRoom(const Message& message) const {
  if (queued() >= limits_->queue_messages) return false;
  return queued() == 0 || outbound_->queue_bytes + message.size() <= limits_->queue_bytes;
}

void Session::Enqueue(Queued item, bool first) {
  Outbound& out = outbound();
  if (!out.queue) out.queue = std::make_unique<std::deque<Queued>>();
  out.queue_bytes += item.message->size();
  if (first) {
    const auto at = out.queue->begin() + static_cast<std::ptrdiff_t>(out.queued_first++);
    out.queue->insert(at, std::move(item));
  } else {
    out.queue->push_back(std::move(item));
  }
}

bool Session::HasRoom() const {
  return link_ != nullptr && resumed_ && queued() == 0 && in_flight() < window();
}

Delivery Session::Deliver(SharedMessage message, Qos qos, Token token, bool retain,
                          SubscriptionIds subscriptions, bool again) {
  if (qos == Qos::kAtMostOnce && link_ == nullptr) return Delivery::kDropped;
  if (link_ != nullptr && !Sendable(message, qos, retain, subscriptions)) {
    return Delivery::kDiscarded;
  }
  if (qos == Qos::kAtMostOnce) {
    const PublishHead head{.qos = qos,
                           .dup = false,
                           .retain = retain,
                           .id = kNoPacketId,
                           .subscriptions = std::move(subscriptions)};
    link_->SendPublish(head, message);
    return Delivery::kSent;
  }
  if (refusing_) return Delivery::kFull;
  const bool room = HasRoom();
  if (!room && !QueueHasRoom(*message)) {
    refusing_ = true;
    return Delivery::kFull;
  }
  Queued item{std::move(message), token, qos, retain, std::move(subscriptions), again};
  if (room) {
    Launch(std::move(item));
    return Delivery::kSent;
  }
  Enqueue(std::move(item), false);
  return Delivery::kQueued;
}

Delivery Session::DeliverFirst(SharedMessage message, Qos qos, Token token, bool retain,
                               SubscriptionIds subscriptions) {
  if (link_ == nullptr) return Delivery::kDropped;
  if (qos == Qos::kAtMostOnce) {
    return Deliver(std::move(message), qos, token, retain, std::move(subscriptions));
  }
  if (!Sendable(message, qos, retain, subscriptions)) return Delivery::kDiscarded;
  const size_t waiting = outbound_ ? outbound_->queued_first : 0;
  const size_t slots = std::min<size_t>(limits_->window + limits_->ahead, kMaxInFlight);
  if (in_flight() + waiting >= slots) return Delivery::kFull;
  Queued item{std::move(message), token, qos, retain, std::move(subscriptions)};
  if (waiting == 0 && ClientHasRoom()) {
    Launch(std::move(item));
    return Delivery::kSent;
  }
  Enqueue(std::move(item), true);
  return Delivery::kQueued;
}

// The head of the queue onto the wire, or out of it when its life is over.
void Session::LaunchQueued() {
  Queued next = std::move(outbound_->queue->front());
  outbound_->queue->pop_front();
  outbound_->queue_bytes -= next.message->size();
  if (outbound_->queued_first > 0) --outbound_->queued_first;
  if (Sendable(next.message, next.qos, next.retain, next.subscriptions)) {
    return Launch(std::move(next));
  }
  link_->Acknowledged(next.token);
}

// After the window may have room again: the queue moves up, and who was refused is told.
void Session::Settle() {
  if (resumed_ && ResendPublished()) {
    while (link_ != nullptr && resumed_ && queued() > 0 &&
           (in_flight() < window() || (outbound_->queued_first > 0 && ClientHasRoom()))) {
      LaunchQueued();
    }
  }
  TidyOutbound();
  if (!refusing_ || link_ == nullptr || !resumed_) return;
  const size_t bytes = outbound_ ? outbound_->queue_bytes : 0;
  const bool room = limits_->queue_messages > 0 || in_flight() < window();
  if (room && queued() <= limits_->queue_messages / 2 && bytes <= limits_->queue_bytes / 2) {
    refusing_ = false;
    link_->Drained();
  }
}

std::optional<ProtocolError> Session::OnPuback(PacketId id) {
  if (!outbound_) return {};
  auto& published = outbound_->published;
  const auto entry = FindId(published, id);
  if (entry == published.end()) return {};
  if (entry->qos != Qos::kAtLeastOnce) return kWrongAcknowledgement;
  const Token token = entry->token;
  published.erase(entry);
  if (link_ != nullptr) link_->Acknowledged(token);
  Settle();
  return {};
}

std::optional<ProtocolError> Session::OnPubrec(PacketId id, Reason reason) {
  bool known = false;
  if (outbound_) {
    auto& published = outbound_->published;
    if (const auto entry = FindId(published, id); entry != published.end()) {
      if (entry->qos != Qos::kExactlyOnce) return kWrongAcknowledgement;
      const Token token = entry->token;
      published.erase(entry);
      if (reason >= Reason::kUnspecifiedError) {  // MQTT5-4.3.3-4
        if (link_ != nullptr) link_->Acknowledged(token);
        Settle();
        return {};
      }
      outbound_->released.push_back({token, id, true});
    }
    known = FindId(outbound_->released, id) != outbound_->released.end();
  }
  if (reason >= Reason::kUnspecifiedError) return {};
  // MQTT-4.3.3-1; to a repeated or unknown one as well, so that the client can finish.
  if (link_ != nullptr) {
    link_->SendAck(PacketType::kPubrel, id,
                   known ? Reason::kSuccess : Reason::kPacketIdentifierNotFound);
  }
  return {};
}

std::optional<ProtocolError> Session::OnPubcomp(PacketId id) {
  if (!outbound_) return {};
  auto& released = outbound_->released;
  const auto entry = FindId(released, id);
  if (entry == released.end()) {
    return FindId(outbound_->published, id) == outbound_->published.end()
               ? std::nullopt
               : std::optional(kWrongAcknowledgement);
  }
  const Token token = entry->token;
  released.erase(entry);
  if (link_ != nullptr) link_->Acknowledged(token);
  Settle();
  return {};
}

std::vector<Session::Queued> Session::TakeQueue() {
  std::vector<Queued> taken;
  refusing_ = false;
  if (queued() == 0) return taken;
  taken.assign(std::make_move_iterator(outbound_->queue->begin()),
               std::make_move_iterator(outbound_->queue->end()));
  outbound_->queue.reset();
  outbound_->queue_bytes = 0;
  outbound_->queued_first = 0;
  TidyOutbound();
  return taken;
}

std::vector<Token> Session::Tokens() const {
  std::vector<Token> tokens;
  if (outbound_ == nullptr) return tokens;
  for (const Outbound::Released& entry : outbound_->released) tokens.push_back(entry.token);
  for (const Outbound::Published& entry : outbound_->published) tokens.push_back(entry.token);
  if (outbound_->queue == nullptr) return tokens;
  for (const Queued& item : *outbound_->queue) tokens.push_back(item.token);
  return tokens;
}

SessionSnapshot Session::Snapshot() const {
  SessionSnapshot snapshot;
  snapshot.next_id = next_id_;
  if (outbound_) {
    for (const auto& e : outbound_->released) {
      snapshot.outbound.push_back({.id = e.id,
                                   .token = e.token,
                                   .qos = Qos::kExactlyOnce,
                                   .retain = false,
                                   .released = true,
                                   .message = nullptr,
                                   .subscriptions = nullptr});
    }
    for (const auto& e : outbound_->published) {
      snapshot.outbound.push_back({.id = e.id,
                                   .token = e.token,
                                   .qos = e.qos,
                                   .retain = e.retain,
                                   .released = false,
                                   .message = e.message,
                                   .subscriptions = e.subscriptions});
    }
  }
  if (inbound_) {
    for (const auto& e : inbound_->unreleased) {
      if (e.executed) snapshot.inbound.push_back(e.id);
    }
  }
  return snapshot;
}

void Session::Restore(const SessionSnapshot& snapshot) {
  next_id_ = snapshot.next_id == kNoPacketId ? PacketId{1} : snapshot.next_id;
  for (const auto& e : snapshot.outbound) {
    if (e.id == kNoPacketId || InUse(e.id)) continue;
    if (e.released) {
      outbound().released.push_back({e.token, e.id, false});
    } else if (e.message && e.qos != Qos::kAtMostOnce) {
      outbound().published.push_back(
          {e.message, e.token, e.id, e.qos, e.retain, false, e.subscriptions});
    }
  }
  for (const PacketId id : snapshot.inbound) {
    if (id == kNoPacketId) continue;
    if (!inbound_) inbound_ = std::make_unique<InboundState>();
    inbound_->unreleased.push_back({kNoHandle, id, true});
  }
}

}  // namespace chat::mqtt
