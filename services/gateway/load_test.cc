#include "services/gateway/load.h"

#include <gtest/gtest.h>

#include "libs/metrics/metrics.h"

namespace chat::gateway {
namespace {

// The value of the sample with these labels; 0 when there is none.
double Value(const std::string& name, const metrics::Labels& labels = {}) {
  for (const prometheus::MetricFamily& family : metrics::Registry().Collect()) {
    if (family.name != name) continue;
    for (const prometheus::ClientMetric& metric : family.metric) {
      metrics::Labels found;
      for (const auto& label : metric.label) found[label.name] = label.value;
      if (found == labels) return metric.gauge.value + metric.counter.value;
    }
  }
  return 0;
}

TEST(LoadFiguresTest, TrafficIsAddedOnceOverAllLoops) {
  LoadFigures one(0), other(1);
  Traffic traffic;
  traffic.Received(mqtt::PacketType::kPublish);
  traffic.Received(mqtt::PacketType::kPublish);
  traffic.Sent(mqtt::PacketType::kPuback);
  traffic.bytes_received = 100;
  one.Tell(traffic, {});
  one.Tell(traffic, {});
  traffic.Sent(mqtt::PacketType::kPuback);
  other.Tell(traffic, {});
  const std::string packets = "chat_gateway_packets_total";
  EXPECT_EQ(Value(packets, {{"direction", "received"}, {"type", "publish"}}), 4);
  EXPECT_EQ(Value(packets, {{"direction", "sent"}, {"type", "puback"}}), 3);
  EXPECT_EQ(Value(packets, {{"direction", "sent"}, {"type", "publish"}}), 0);
  EXPECT_EQ(Value("chat_gateway_bytes_total", {{"direction", "received"}}), 200);
}

TEST(LoadFiguresTest, WhatLoopsHoldIsTheSumAndTheOldestIsEachLoopsOwn) {
  LoadFigures one(2), other(3);
  Load load;
  load.connections[static_cast<size_t>(Transport::kTls)][1] = 5;
  load.sessions[0] = 4;
  load.queued = 10;
  load.oldest_ms = 1500;
  one.Tell({}, load);
  load.oldest_ms = 0;
  other.Tell({}, load);
  const metrics::Labels tls = {{"transport", "tls"}, {"version", "3.1.1"}};
  EXPECT_EQ(Value("chat_gateway_mqtt_connections", tls), 10);
  EXPECT_EQ(Value("chat_gateway_sessions", {{"state", "authenticated"}}), 8);
  EXPECT_EQ(Value("chat_gateway_undelivered_messages", {{"where", "queue"}}), 20);
  EXPECT_EQ(Value("chat_gateway_oldest_undelivered_seconds", {{"loop", "2"}}), 1.5);
  one.Tell({}, {});
  EXPECT_EQ(Value("chat_gateway_mqtt_connections", tls), 5);
  EXPECT_EQ(Value("chat_gateway_undelivered_messages", {{"where", "queue"}}), 10);
  EXPECT_EQ(Value("chat_gateway_oldest_undelivered_seconds", {{"loop", "2"}}), 0);
}

}  // namespace
}  // namespace chat::gateway
