#include "libs/client/device.h"

#include <algorithm>
#include <utility>

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/bert/encode.h"
#include "libs/client/failure.h"
#include "libs/client/request.h"

namespace chat::client {

namespace {

Millis Now() { return Clock::System().MonotonicMs(); }

}  // namespace

Device::Device(const DeviceLimits& limits)
    : limits_(limits), connection_(limits_.connection, *this) {}

Device::~Device() = default;

absl::StatusOr<std::unique_ptr<Device>> Device::Connect(const Address& address,
                                                        const ConnectOptions& options,
                                                        Millis timeout_ms,
                                                        const DeviceLimits& limits) {
  const Millis deadline = Now() + timeout_ms;
  std::unique_ptr<Device> device(new Device(limits));
  CHAT_ASSIGN_OR_RETURN(device->socket_, Socket::Connect(address, deadline));
  CHAT_RETURN_IF_ERROR(device->connection_.Connect(options, Now()));
  device->Flush();
  while (!device->connected()) {
    if (device->Step(deadline) || device->connected()) continue;
    if (!device->ended_.ok()) return device->ended_;
    return TimedOut("no CONNACK in time");
  }
  return device;
}

absl::Status Device::Request(const google::protobuf::Message& record, Millis timeout_ms) {
  const std::string payload = Payload(record);
  return Publish({.topic = kRequestTopic, .payload = payload}, timeout_ms);
}

absl::Status Device::Request(const bert::Term& term, Millis timeout_ms) {
  const std::string payload = bert::Encode(term);
  return Publish({.topic = kRequestTopic, .payload = payload}, timeout_ms);
}

absl::Status Device::Publish(const Outgoing& outgoing, Millis timeout_ms) {
  if (!ended_.ok()) return ended_;
  const Millis deadline = Now() + timeout_ms;
  CHAT_ASSIGN_OR_RETURN(const mqtt::PacketId id, connection_.Publish(outgoing, Now()));
  Flush();
  while (id != mqtt::kNoPacketId && acknowledged_ != id) {
    if (Step(deadline) || acknowledged_ == id) continue;
    if (!ended_.ok()) return ended_;
    return TimedOut("no acknowledgement in time");
  }
  acknowledged_ = mqtt::kNoPacketId;
  while (!unsent_.empty()) {
    if (Step(deadline) || unsent_.empty()) continue;
    return ended_.ok() ? TimedOut("could not be sent in time") : ended_;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Incoming>> Device::Receive(Millis timeout_ms) {
  const Millis deadline = Now() + timeout_ms;
  TakeLast();
  while (held_.empty()) {
    if (Step(deadline) || !held_.empty()) continue;
    if (!ended_.ok()) return ended_;
    return std::optional<Incoming>();
  }
  Incoming incoming = std::move(held_.front());
  held_.pop_front();
  held_bytes_ -= incoming.topic.size() + incoming.payload.size();
  last_ = incoming.ticket;
  return std::optional<Incoming>(std::move(incoming));
}

void Device::Disconnect(Millis timeout_ms) {
  const Millis deadline = Now() + timeout_ms;
  TakeLast();
  while (connected() && (connection_.unreleased() > 0 || !unsent_.empty())) {
    if (!Step(deadline)) break;
  }
  connection_.Disconnect();
  while (socket_.open() && !unsent_.empty()) {
    std::string why;
    if (!socket_.Write(&unsent_, &why)) break;
    if (!unsent_.empty() && !socket_.Wait(true, deadline)) break;
  }
  socket_.Finish(deadline);
  if (ended_.ok()) ended_ = ConnectionFailure("disconnected");
}

void Device::OnSend(std::string_view bytes) { unsent_.append(bytes); }

void Device::OnConnected(bool session_present) { session_present_ = session_present; }

void Device::OnAcknowledged(mqtt::PacketId id) { acknowledged_ = id; }

void Device::OnPublish(const mqtt::Publish& publish, Ticket ticket) {
  held_bytes_ += publish.topic.size() + publish.payload.size();
  held_.push_back(
      {std::string(publish.topic), std::string(publish.payload), publish.qos, publish.dup, ticket});
  too_much_ = held_.size() > limits_.held_messages || held_bytes_ > limits_.held_bytes;
}

void Device::OnEnded(const absl::Status& why) {
  ended_ = why;
  socket_.Close();
}

bool Device::Step(Millis deadline) {
  if (!ended_.ok()) return false;
  const Millis timer = connection_.NextDeadline().value_or(deadline);
  if (socket_.Wait(!unsent_.empty(), std::min(deadline, timer))) {
    std::string bytes;
    std::string why;
    const bool alive = socket_.Read(&bytes, &why);
    connection_.OnBytes(bytes, Now());
    if (!alive && ended_.ok()) connection_.OnNetworkLost(why);
    if (too_much_ && ended_.ok()) connection_.OnNetworkLost("more messages than are held here");
  }
  if (ended_.ok()) connection_.OnTime(Now());
  if (ended_.ok()) Flush();
  return ended_.ok() && Now() < deadline;
}

void Device::Flush() {
  std::string why;
  if (!socket_.open() || unsent_.empty() || socket_.Write(&unsent_, &why)) return;
  // The server has closed; what it said before is still to be read (O4).
  std::string bytes;
  std::string read_why;
  while (ended_.ok() && socket_.Read(&bytes, &read_why) && !bytes.empty()) {
    connection_.OnBytes(bytes, Now());
    bytes.clear();
  }
  if (ended_.ok()) connection_.OnNetworkLost(why);
}

void Device::TakeLast() {
  connection_.Acknowledge(std::exchange(last_, kNoTicket), Now());
  Flush();
}

}  // namespace chat::client
