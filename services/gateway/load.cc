#include "services/gateway/load.h"

#include "libs/metrics/metrics.h"

namespace chat::gateway {

namespace {

constexpr std::array<const char*, Traffic::kTypes> kTypeNames = {
    "",        "connect",  "connack",    "publish", "puback",      "pubrec",
    "pubrel",  "pubcomp",  "subscribe",  "suback",  "unsubscribe", "unsuback",
    "pingreq", "pingresp", "disconnect", "auth"};
constexpr std::array<const char*, Load::kVersions> kVersionNames = {"3.1", "3.1.1", "5.0"};
constexpr std::array<const char*, Load::kStates> kStateNames = {"authenticated", "registering",
                                                                "anonymous"};

// Of all loops together, made once.
struct Metrics {
  std::array<prometheus::Counter*, Traffic::kTypes> received{}, sent{};
  prometheus::Counter& bytes_received = Bytes("received");
  prometheus::Counter& bytes_sent = Bytes("sent");
  std::array<std::array<prometheus::Gauge*, Load::kVersions>, kTransports> connections{};
  std::array<prometheus::Gauge*, Load::kStates> sessions{};
  prometheus::Gauge& requests = metrics::Gauge(
      "chat_gateway_pending_requests", "Requests of clients that wait for their turn or an answer");
  prometheus::Gauge& in_flight = Messages("window");
  prometheus::Gauge& queued = Messages("queue");
  prometheus::Gauge& unwritten =
      metrics::Gauge("chat_gateway_unwritten_bytes", "Bytes that wait for the sockets of clients");

  Metrics() {
    for (size_t type = 1; type < Traffic::kTypes; ++type) {
      received[type] = &Packets("received", kTypeNames[type]);
      sent[type] = &Packets("sent", kTypeNames[type]);
    }
    for (size_t transport = 0; transport < kTransports; ++transport) {
      if (static_cast<Transport>(transport) == Transport::kN2o) continue;  // no MQTT
      for (size_t version = 0; version < Load::kVersions; ++version) {
        connections[transport][version] =
            &Connections(NameOf(static_cast<Transport>(transport)), kVersionNames[version]);
      }
    }
    for (size_t state = 0; state < Load::kStates; ++state) {
      sessions[state] = &metrics::Gauge("chat_gateway_sessions",
                                        "MQTT sessions with an open connection, by its state",
                                        {{"state", kStateNames[state]}});
    }
  }

  static prometheus::Counter& Packets(const char* direction, const char* type) {
    return metrics::Counter("chat_gateway_packets_total", "MQTT packets by type",
                            {{"direction", direction}, {"type", type}});
  }
  static prometheus::Counter& Bytes(const char* direction) {
    return metrics::Counter("chat_gateway_bytes_total",
                            "Bytes of MQTT, before TLS and WebSocket framing",
                            {{"direction", direction}});
  }
  static prometheus::Gauge& Connections(const char* transport, const char* version) {
    return metrics::Gauge("chat_gateway_mqtt_connections",
                          "Connections that have sent CONNECT, by transport and version of MQTT",
                          {{"transport", transport}, {"version", version}});
  }
  static prometheus::Gauge& Messages(const char* where) {
    return metrics::Gauge("chat_gateway_undelivered_messages",
                          "Messages for online sessions that are not acknowledged, in the window "
                          "or in the queue behind it",
                          {{"where", where}});
  }
};

Metrics& All() {
  static Metrics* const all = new Metrics;
  return *all;
}

void Move(prometheus::Gauge& gauge, int64_t now, int64_t before) {
  if (now != before) gauge.Increment(static_cast<double>(now - before));
}

void Raise(prometheus::Counter& counter, uint64_t now, uint64_t before) {
  if (now != before) counter.Increment(static_cast<double>(now - before));
}

}  // namespace

LoadFigures::LoadFigures(size_t loop)
    : oldest_(metrics::Gauge("chat_gateway_oldest_undelivered_seconds",
                             "Age of the oldest message that an online session has not "
                             "acknowledged, from its coming online on at most",
                             {{"loop", std::to_string(loop)}})) {
  All();
}

void LoadFigures::Tell(const Traffic& traffic, const Load& load) {
  Metrics& all = All();
  for (size_t type = 1; type < Traffic::kTypes; ++type) {
    Raise(*all.received[type], traffic.received[type], told_traffic_.received[type]);
    Raise(*all.sent[type], traffic.sent[type], told_traffic_.sent[type]);
  }
  Raise(all.bytes_received, traffic.bytes_received, told_traffic_.bytes_received);
  Raise(all.bytes_sent, traffic.bytes_sent, told_traffic_.bytes_sent);
  for (size_t transport = 0; transport < kTransports; ++transport) {
    for (size_t version = 0; version < Load::kVersions; ++version) {
      if (all.connections[transport][version] == nullptr) continue;
      Move(*all.connections[transport][version], load.connections[transport][version],
           told_load_.connections[transport][version]);
    }
  }
  for (size_t state = 0; state < Load::kStates; ++state) {
    Move(*all.sessions[state], load.sessions[state], told_load_.sessions[state]);
  }
  Move(all.requests, load.requests, told_load_.requests);
  Move(all.in_flight, load.in_flight, told_load_.in_flight);
  Move(all.queued, load.queued, told_load_.queued);
  Move(all.unwritten, load.unwritten_bytes, told_load_.unwritten_bytes);
  oldest_.Set(static_cast<double>(load.oldest_ms) / 1000);
  told_traffic_ = traffic;
  told_load_ = load;
}

}  // namespace chat::gateway
