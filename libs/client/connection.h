#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/packet.h"

namespace chat::client {

// Monotonic milliseconds of the owner's clock.
using Millis = int64_t;

// Names an arrived message until it is acknowledged. kNoTicket: QoS 0, nothing to acknowledge.
enum class Ticket : uint64_t {};
inline constexpr Ticket kNoTicket{0};

struct ConnectOptions {
  std::string client_id = {};
  std::string username = "api";  // the `:module` level of the client's topics (PROTOCOL 1.2)
  std::optional<std::string> password = std::nullopt;  // the session token
  bool clean_session = true;
  uint16_t keep_alive_s = 30;  // 0: no PINGREQ is sent
};

// Shared by all connections, which it must outlive.
struct ConnectionLimits {
  uint32_t max_packet_size = 16u << 20;  // what the server may send; larger: the connection ends
  uint16_t max_in_flight = 1024;         // own QoS 1/2 without acknowledgement; below 65535
  uint32_t max_pending = 4096;           // arrived QoS 1/2 that are not acknowledged; more: it ends
  Millis connack_timeout_ms = 10'000;
  Millis ping_timeout_ms = 10'000;
};

struct Outgoing {
  std::string_view topic;
  std::string_view payload = {};
  mqtt::Qos qos = mqtt::Qos::kAtLeastOnce;
  bool retain = false;
  // Sends again, with DUP and this id, what an earlier connection has not got acknowledged.
  mqtt::PacketId again = mqtt::kNoPacketId;
};

// The owner: performs the effects. Called synchronously, in order; views hold during the call.
// From inside OnConnected, OnAcknowledged and OnPublish, Publish, Subscribe and Acknowledge may be
// called, nothing else.
class ConnectionHandler {
 public:
  virtual void OnSend(std::string_view bytes) = 0;
  virtual void OnConnected(bool session_present) = 0;
  // The server has taken a QoS 1 (PUBACK) or QoS 2 (PUBCOMP) publication, or granted what was
  // subscribed (SUBACK).
  virtual void OnAcknowledged(mqtt::PacketId id) = 0;
  // To be acknowledged by Acknowledge(ticket) once it is safe with the user.
  virtual void OnPublish(const mqtt::Publish& publish, Ticket ticket) = 0;
  // The last call of this connection: see Failure. Close the socket.
  virtual void OnEnded(const absl::Status& why) = 0;

 protected:
  ~ConnectionHandler() = default;
};

// The client's half of MQTT 3.1.1: bytes and time in, effects out. No socket, clock or thread, so
// that one process drives thousands. The object outlives network connections: Connect after the end
// begins the next one and keeps the QoS 2 state when the server still has the session.
//
//   kClosed --Connect--> kConnecting --CONNACK 0--> kConnected --(any end)--> kClosed
//
// Delivery to the user is at least once: what has not been acknowledged comes again after a
// reconnect; a QoS 2 message whose PUBREC has been sent is not handed out twice [MQTT-4.3.3-2].
class Connection {
 public:
  enum class State : uint8_t { kClosed, kConnecting, kConnected };

  // `limits` and `handler` must outlive it.
  Connection(const ConnectionLimits& limits, ConnectionHandler& handler);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Sends CONNECT. Precondition: kClosed and a fresh network connection. kInvalidArgument: the
  // client id, user name or password does not fit MQTT.
  absl::Status Connect(const ConnectOptions& options, Millis now);
  // Bytes as they arrived, any split.
  void OnBytes(std::string_view bytes, Millis now);
  void OnNetworkLost(std::string_view why);
  // Sends PINGREQ when due; ends the connection when CONNACK or PINGRESP is overdue.
  void OnTime(Millis now);
  // When OnTime must next be called. Moves only later but by Connect, OnBytes and OnTime.
  std::optional<Millis> NextDeadline() const;

  // kConnected only. The packet id; kNoPacketId for QoS 0. kResourceExhausted: max_in_flight;
  // kInvalidArgument: no valid topic name, or too large.
  absl::StatusOr<mqtt::PacketId> Publish(const Outgoing& outgoing, Millis now);
  // kConnected only. The packet id that OnAcknowledged brings; a refusal of any of them ends the
  // connection. kResourceExhausted: max_in_flight; kInvalidArgument: none, or no valid filter.
  absl::StatusOr<mqtt::PacketId> Subscribe(std::vector<mqtt::Subscription> subscriptions,
                                           Millis now);
  // The user has it: PUBACK or PUBREC, in order of arrival whatever the order of these calls
  // [MQTT-4.6.0-2] [MQTT-4.6.0-3]. Tickets of an earlier connection are ignored.
  void Acknowledge(Ticket ticket, Millis now);
  // Sends DISCONNECT and closes; OnEnded is not called.
  void Disconnect();

  // Whether an own publication or subscription waits for its acknowledgement. In OnConnected:
  // PUBREL was repeated for it, so it must not be sent again.
  bool Awaits(mqtt::PacketId id) const;

  State state() const { return state_; }
  size_t in_flight() const { return outbound_.size(); }
  // Arrived and not acknowledged by the user.
  size_t pending() const { return pending_.size(); }
  // QoS 2 messages that are acknowledged by PUBREC and not released by the server yet.
  size_t unreleased() const { return received_.size(); }

 private:
  struct Outbound {
    mqtt::PacketId id;
    mqtt::Qos qos;  // kAtMostOnce: a SUBSCRIBE
    bool released;  // PUBREL was sent
  };
  struct Pending {
    Ticket ticket;
    mqtt::PacketId id;
    mqtt::Qos qos;
    bool acknowledged;
  };

  void Handle(const mqtt::Packet& packet, Millis now);
  void HandleConnack(const mqtt::Connack& connack, Millis now);
  void HandlePublish(const mqtt::Publish& publish, Millis now);
  void HandlePuback(mqtt::PacketId id);
  void HandleSuback(const mqtt::Suback& suback);
  void HandlePubrec(mqtt::PacketId id, Millis now);
  void HandlePubrel(mqtt::PacketId id, Millis now);
  void HandlePubcomp(mqtt::PacketId id);
  void FlushAcknowledgements(Millis now);
  void Send(const mqtt::Packet& packet, Millis now);
  void SendAck(mqtt::PacketType type, mqtt::PacketId id, Millis now);
  void Finish(const absl::Status& why);
  bool Remove(mqtt::PacketId id, mqtt::Qos qos, bool released);
  mqtt::PacketId NextId();

  const ConnectionLimits* limits_;
  ConnectionHandler* handler_;
  std::optional<mqtt::Decoder> decoder_;
  std::vector<Outbound> outbound_;
  std::vector<Pending> pending_;           // in order of arrival
  std::unordered_set<uint16_t> received_;  // QoS 2 ids between PUBREC and PUBREL
  std::string scratch_;
  uint64_t next_ticket_ = 1;
  uint16_t last_id_ = 0;
  Millis last_sent_ = 0;
  std::optional<Millis> awaited_by_;  // CONNACK or PINGRESP
  uint16_t keep_alive_s_ = 0;
  State state_ = State::kClosed;
};

}  // namespace chat::client
