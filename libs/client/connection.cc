#include "libs/client/connection.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "libs/client/failure.h"
#include "libs/mqtt/topic.h"

namespace chat::client {

using mqtt::PacketId;
using mqtt::PacketType;
using mqtt::Qos;

namespace {

constexpr size_t kMaxString = 65'535;  // 1.5.3

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace

Connection::Connection(const ConnectionLimits& limits, ConnectionHandler& handler)
    : limits_(&limits), handler_(&handler) {}

absl::Status Connection::Connect(const ConnectOptions& options, Millis now) {
  if (!mqtt::IsValidUtf8(options.client_id) || !mqtt::IsValidUtf8(options.username)) {
    return absl::InvalidArgumentError("client id and user name must be UTF-8 up to 65535 bytes");
  }
  if (options.password && options.password->size() > kMaxString) {
    return absl::InvalidArgumentError("the password is longer than 65535 bytes");
  }
  decoder_.emplace(mqtt::Role::kClient, limits_->max_packet_size);
  pending_.clear();
  std::erase_if(outbound_, [](const Outbound& item) { return !item.released; });
  keep_alive_s_ = options.keep_alive_s;
  state_ = State::kConnecting;
  mqtt::Connect connect;
  connect.clean_session = options.clean_session;
  connect.keep_alive_s = options.keep_alive_s;
  connect.client_id = options.client_id;
  connect.username = options.username;
  if (options.password) connect.password = *options.password;
  awaited_by_ = now + limits_->connack_timeout_ms;
  Send(connect, now);
  return absl::OkStatus();
}

void Connection::OnBytes(std::string_view bytes, Millis now) {
  mqtt::Packet packet;
  mqtt::ProtocolError error;
  while (state_ != State::kClosed) {
    switch (decoder_->Next(bytes, packet, error)) {
      case mqtt::DecodeStatus::kPacket:
        Handle(packet, now);
        break;
      case mqtt::DecodeStatus::kNeedMore:
        return;
      case mqtt::DecodeStatus::kError:
        return Finish(ProtocolFailure(std::string("the server sent ") + error.text + " [" +
                                      error.clause + "]"));
    }
  }
}

void Connection::OnNetworkLost(std::string_view why) {
  if (state_ != State::kClosed) Finish(ConnectionFailure(why));
}

void Connection::OnTime(Millis now) {
  if (state_ == State::kClosed) return;
  if (awaited_by_ && now >= *awaited_by_) {
    return Finish(
        TimedOut(state_ == State::kConnecting ? "no CONNACK in time" : "no PINGRESP in time"));
  }
  if (state_ != State::kConnected || awaited_by_ || keep_alive_s_ == 0) return;
  if (now < *NextDeadline()) return;
  awaited_by_ = now + limits_->ping_timeout_ms;
  Send(mqtt::Pingreq{}, now);
}

std::optional<Millis> Connection::NextDeadline() const {
  if (state_ == State::kClosed) return std::nullopt;
  if (awaited_by_) return awaited_by_;
  if (keep_alive_s_ == 0) return std::nullopt;
  // Early by a quarter, so that the PINGREQ is there within the keep-alive [MQTT-3.1.2-23].
  return last_sent_ + Millis{keep_alive_s_} * 750;
}

absl::StatusOr<PacketId> Connection::Publish(const Outgoing& outgoing, Millis now) {
  if (state_ != State::kConnected) return ConnectionFailure("not connected");
  if (!mqtt::IsValidTopicName(outgoing.topic)) {
    return absl::InvalidArgumentError("not a valid topic name");
  }
  if (outgoing.topic.size() + outgoing.payload.size() + 4 > mqtt::kMaxRemainingLength) {
    return absl::InvalidArgumentError("the payload does not fit an MQTT packet");
  }
  mqtt::Publish publish;
  publish.topic = outgoing.topic;
  publish.payload = outgoing.payload;
  publish.qos = outgoing.qos;
  publish.retain = outgoing.retain;
  if (outgoing.qos != Qos::kAtMostOnce) {
    if (outbound_.size() >= limits_->max_in_flight) {
      return absl::ResourceExhaustedError("too many publications without acknowledgement");
    }
    publish.dup = outgoing.again != mqtt::kNoPacketId;
    publish.id = publish.dup ? outgoing.again : NextId();
    outbound_.push_back({publish.id, outgoing.qos, false});
  }
  Send(publish, now);
  return publish.id;
}

absl::StatusOr<PacketId> Connection::Subscribe(std::vector<mqtt::Subscription> subscriptions,
                                               Millis now) {
  if (state_ != State::kConnected) return ConnectionFailure("not connected");
  size_t size = 2;
  for (const mqtt::Subscription& item : subscriptions) {
    if (!mqtt::IsValidTopicFilter(item.filter)) {
      return absl::InvalidArgumentError("not a valid topic filter");
    }
    size += item.filter.size() + 3;
  }
  if (subscriptions.empty() || size > mqtt::kMaxRemainingLength) {
    return absl::InvalidArgumentError("no subscriptions, or too many for one packet");
  }
  if (outbound_.size() >= limits_->max_in_flight) {
    return absl::ResourceExhaustedError("too many packets without acknowledgement");
  }
  mqtt::Subscribe subscribe;
  subscribe.id = NextId();
  subscribe.subscriptions = std::move(subscriptions);
  outbound_.push_back({subscribe.id, Qos::kAtMostOnce, false});
  Send(subscribe, now);
  return subscribe.id;
}

void Connection::Acknowledge(Ticket ticket, Millis now) {
  if (ticket == kNoTicket || state_ != State::kConnected) return;
  const auto found = std::find_if(pending_.begin(), pending_.end(),
                                  [&](const Pending& item) { return item.ticket == ticket; });
  if (found == pending_.end()) return;
  found->acknowledged = true;
  FlushAcknowledgements(now);
}

void Connection::Disconnect() {
  if (state_ == State::kClosed) return;
  if (state_ == State::kConnected) Send(mqtt::Disconnect{}, last_sent_);
  state_ = State::kClosed;
  awaited_by_.reset();
}

void Connection::Handle(const mqtt::Packet& packet, Millis now) {
  // The first packet from the server is CONNACK, and there is one only [MQTT-3.2.0-1].
  if (std::holds_alternative<mqtt::Connack>(packet) != (state_ == State::kConnecting)) {
    return Finish(ProtocolFailure("the server sent CONNACK out of place [MQTT-3.2.0-1]"));
  }
  std::visit(
      Overloaded{
          [&](const mqtt::Connack& connack) { HandleConnack(connack, now); },
          [&](const mqtt::Publish& publish) { HandlePublish(publish, now); },
          [&](const mqtt::Puback& ack) { HandlePuback(ack.id); },
          [&](const mqtt::Suback& suback) { HandleSuback(suback); },
          [&](const mqtt::Pubrec& ack) { HandlePubrec(ack.id, now); },
          [&](const mqtt::Pubrel& ack) { HandlePubrel(ack.id, now); },
          [&](const mqtt::Pubcomp& ack) { HandlePubcomp(ack.id); },
          [&](const mqtt::Pingresp&) { awaited_by_.reset(); },
          [&](const auto&) { Finish(ProtocolFailure("the server sent an unexpected packet")); },
      },
      packet);
}

void Connection::HandleConnack(const mqtt::Connack& connack, Millis now) {
  if (connack.code != 0) return Finish(ConnectRefusal(connack.code));
  state_ = State::kConnected;
  awaited_by_.reset();
  if (!connack.session_present) {
    received_.clear();
    outbound_.clear();
  }
  // PUBREL is repeated after a reconnect [MQTT-4.4.0-1].
  for (const Outbound& item : outbound_) SendAck(PacketType::kPubrel, item.id, now);
  handler_->OnConnected(connack.session_present);
}

void Connection::HandlePublish(const mqtt::Publish& publish, Millis now) {
  if (publish.qos == Qos::kAtMostOnce) return handler_->OnPublish(publish, kNoTicket);
  if (publish.qos == Qos::kExactlyOnce) {
    if (received_.contains(static_cast<uint16_t>(publish.id))) {
      return SendAck(PacketType::kPubrec, publish.id, now);
    }
    const bool known = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& item) {
      return item.id == publish.id && item.qos == publish.qos;
    });
    if (known) return;
  }
  if (pending_.size() >= limits_->max_pending) {
    return Finish(ProtocolFailure("the server sent too many messages without acknowledgement"));
  }
  const Ticket ticket{next_ticket_++};
  pending_.push_back({ticket, publish.id, publish.qos, false});
  handler_->OnPublish(publish, ticket);
}

void Connection::HandlePuback(PacketId id) {
  if (Remove(id, Qos::kAtLeastOnce, false)) handler_->OnAcknowledged(id);
}

void Connection::HandleSuback(const mqtt::Suback& suback) {
  if (!Remove(suback.id, Qos::kAtMostOnce, false)) {
    return Finish(ProtocolFailure("the server sent SUBACK to no SUBSCRIBE"));
  }
  for (const uint8_t code : suback.codes) {
    if (code >= mqtt::kSubackFailure) return Finish(Refused("not_authorized"));
  }
  handler_->OnAcknowledged(suback.id);
}

void Connection::HandlePubrec(PacketId id, Millis now) {
  const auto found = std::find_if(outbound_.begin(), outbound_.end(), [&](const Outbound& item) {
    return item.id == id && item.qos == Qos::kExactlyOnce;
  });
  if (found != outbound_.end()) found->released = true;
  SendAck(PacketType::kPubrel, id, now);
}

void Connection::HandlePubrel(PacketId id, Millis now) {
  received_.erase(static_cast<uint16_t>(id));
  SendAck(PacketType::kPubcomp, id, now);
}

void Connection::HandlePubcomp(PacketId id) {
  if (Remove(id, Qos::kExactlyOnce, true)) handler_->OnAcknowledged(id);
}

void Connection::FlushAcknowledgements(Millis now) {
  size_t done = 0;
  for (; done < pending_.size() && pending_[done].acknowledged; ++done) {
    const Pending& item = pending_[done];
    if (item.qos == Qos::kExactlyOnce) {
      received_.insert(static_cast<uint16_t>(item.id));
      SendAck(PacketType::kPubrec, item.id, now);
    } else {
      SendAck(PacketType::kPuback, item.id, now);
    }
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(done));
}

void Connection::Send(const mqtt::Packet& packet, Millis now) {
  scratch_.clear();
  mqtt::Encode(packet, mqtt::Version::k311, scratch_);
  last_sent_ = now;
  handler_->OnSend(scratch_);
  if (scratch_.capacity() > 1024) scratch_ = {};
}

void Connection::SendAck(PacketType type, PacketId id, Millis now) {
  scratch_.clear();
  mqtt::EncodeAck(type, id, scratch_);
  last_sent_ = now;
  handler_->OnSend(scratch_);
}

void Connection::Finish(const absl::Status& why) {
  state_ = State::kClosed;
  awaited_by_.reset();
  handler_->OnEnded(why);
}

bool Connection::Remove(PacketId id, Qos qos, bool released) {
  return std::erase_if(outbound_, [&](const Outbound& item) {
           return item.id == id && item.qos == qos && item.released == released;
         }) > 0;
}

bool Connection::Awaits(PacketId id) const {
  return std::any_of(outbound_.begin(), outbound_.end(),
                     [&](const Outbound& item) { return item.id == id; });
}

PacketId Connection::NextId() {
  // Ends, since max_in_flight is below the number of ids.
  while (true) {
    if (++last_id_ == 0) last_id_ = 1;
    const PacketId id{last_id_};
    const bool used = std::any_of(outbound_.begin(), outbound_.end(),
                                  [&](const Outbound& item) { return item.id == id; });
    if (!used) return id;
  }
}

}  // namespace chat::client
