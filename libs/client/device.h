#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "libs/bert/term.h"
#include "libs/client/address.h"
#include "libs/client/connection.h"
#include "libs/client/socket.h"

namespace chat::client {

// One message from the server. ReadContent (content.h) says what the payload means.
struct Incoming {
  std::string topic;
  std::string payload;
  mqtt::Qos qos = mqtt::Qos::kAtMostOnce;
  bool dup = false;
  Ticket ticket = kNoTicket;
};

// What arrives while the caller waits for something else is kept; more than this ends the
// connection.
struct DeviceLimits {
  size_t held_messages = 10'000;
  size_t held_bytes = size_t{64} << 20;
  ConnectionLimits connection;
};

// One device on a network connection of its own: the blocking shell around Connection. Every call
// that waits has a time limit in milliseconds. Errors: see Failure. Not thread-safe.
//
// Delivery is at least once up to the caller: a message is acknowledged to the server when the
// caller comes back for the next one (Receive) or says goodbye (Disconnect), never before. A device
// that is destroyed without Disconnect acknowledges nothing more.
class Device final : private ConnectionHandler {
 public:
  // Connects and waits for CONNACK. A refused CONNECT is class kRefused.
  static absl::StatusOr<std::unique_ptr<Device>> Connect(const Address& address,
                                                         const ConnectOptions& options,
                                                         Millis timeout_ms,
                                                         const DeviceLimits& limits = {});
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Publishes on kRequestTopic at QoS 1 and waits for PUBACK, which means executed and, where it
  // changes state, committed (O1); the answer comes by Receive. After O4 `unavailable` the result
  // is kConnection, and the reply that says so is still there for Receive.
  absl::Status Request(const google::protobuf::Message& record, Millis timeout_ms);
  absl::Status Request(const bert::Term& term, Millis timeout_ms);
  // Any topic and QoS; QoS 1 and 2 wait for PUBACK or PUBCOMP.
  absl::Status Publish(const Outgoing& outgoing, Millis timeout_ms);

  // Acknowledges the message of the previous call and answers the next one in order of arrival;
  // nothing when none came in time. When the connection is over and all that had arrived has been
  // handed out: its end.
  absl::StatusOr<std::optional<Incoming>> Receive(Millis timeout_ms);

  // Acknowledges the message of the last Receive, finishes open QoS 2 handshakes within the time,
  // sends DISCONNECT and closes.
  void Disconnect(Millis timeout_ms);

  bool connected() const { return connection_.state() == Connection::State::kConnected; }
  bool session_present() const { return session_present_; }
  // Why the connection is over; OK while it is not.
  const absl::Status& ended() const { return ended_; }

 private:
  explicit Device(const DeviceLimits& limits);

  // ConnectionHandler.
  void OnSend(std::string_view bytes) override;
  void OnConnected(bool session_present) override;
  void OnAcknowledged(mqtt::PacketId id) override;
  void OnPublish(const mqtt::Publish& publish, Ticket ticket) override;
  void OnEnded(const absl::Status& why) override;

  // Waits for one movement of the network, a timer or the deadline. False: the connection is over
  // or the time has come; what was waited for may have come with it.
  bool Step(Millis deadline);
  void Flush();
  void TakeLast();

  DeviceLimits limits_;
  Connection connection_;
  Socket socket_;
  std::string unsent_;
  std::deque<Incoming> held_;
  size_t held_bytes_ = 0;
  Ticket last_ = kNoTicket;  // handed out, not acknowledged
  mqtt::PacketId acknowledged_ = mqtt::kNoPacketId;
  absl::Status ended_;
  bool session_present_ = false;
  bool too_much_ = false;
};

}  // namespace chat::client
