#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/load/traffic.h"

namespace chat::load {

struct Options {
  std::vector<std::string> gateways;
  std::string outbox;
  std::string state;  // a folder of deploy/local/up, or empty
  std::vector<std::pair<std::string, int>> pids;
  uint32_t devices = 20;  // even: neighbours are pairs
  bool pairs = true;
  uint32_t rooms = 0;
  uint32_t room_members = 10;
  double seconds = 10;
  double warm_up = 0;
  double drain_seconds = 60;
  double setup_seconds = 120;
  uint16_t keep_alive_s = 30;
  std::string accounts;      // file
  std::string json;          // file
  std::string acknowledged;  // file
  bool plain = false;        // the gateways are brokers that know nothing of CHAT
  // At which devices subscribe to the topics of their conversations; else they do not.
  std::optional<mqtt::Qos> delivery_qos;
  TrafficOptions traffic;
};

// From the command line, over CHAT_MQTT, CHAT_OUTBOX and CHAT_STATE of cluster.env.
// kInvalidArgument says what is wrong; kCancelled: help was asked for.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);
// The text of --help.
std::string Usage();

}  // namespace chat::load
