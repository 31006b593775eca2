// The figures of one event loop that would cost too much to count one by one: packets and bytes are
// plain numbers of the loop, what connections hold is looked at once a second. Both are told to the
// metrics together.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/gauge.h>

#include <array>
#include <cstddef>
#include <cstdint>

#include "libs/mqtt/packet_type.h"
#include "services/gateway/transport/endpoint.h"

namespace chat::gateway {

// Since the start. On the loop.
struct Traffic {
  static constexpr size_t kTypes = 16;
  std::array<uint64_t, kTypes> received{}, sent{};  // packets by type
  uint64_t bytes_received = 0, bytes_sent = 0;

  void Received(mqtt::PacketType type) { ++received[static_cast<size_t>(type)]; }
  void Sent(mqtt::PacketType type) { ++sent[static_cast<size_t>(type)]; }
};

// At one moment, over the connections of a loop.
struct Load {
  static constexpr size_t kVersions = 3;                                  // 3.1, 3.1.1, 5.0
  static constexpr size_t kStates = 3;                                    // as rules::State
  std::array<std::array<int64_t, kVersions>, kTransports> connections{};  // that sent CONNECT
  std::array<int64_t, kStates> sessions{};                                // that are admitted
  int64_t requests = 0;                                                   // waiting or running
  int64_t in_flight = 0;        // messages sent and not acknowledged
  int64_t queued = 0;           // messages that wait behind the window
  int64_t unwritten_bytes = 0;  // that the sockets have not taken
  // How long ago the oldest durable event that is not acknowledged could be delivered: since its
  // commit, or since the session came online.
  int64_t oldest_ms = 0;
};

class LoadFigures {
 public:
  explicit LoadFigures(size_t loop);
  // Adds what changed since the last call.
  void Tell(const Traffic& traffic, const Load& load);

 private:
  Traffic told_traffic_;
  Load told_load_;
  prometheus::Gauge& oldest_;
};

}  // namespace chat::gateway
