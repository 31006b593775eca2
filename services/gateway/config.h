#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "libs/config/config.h"

namespace chat::gateway {

// Configuration of a gateway; the meaning of each key is where it is declared.
struct GatewayConfig {
  std::string mqtt_listen = "127.0.0.1:1883";
  std::string mqtts_listen, ws_listen, wss_listen, n2o_listen;
  std::vector<std::string> proxy_protocol;
  std::string tls_cert, tls_key, tls_client_ca;
  bool tls_client_required = false;
  int64_t tls_reload_s = 10;
  std::string redis = "127.0.0.1:6379";
  std::string advertise;
  std::vector<std::string> auth_addrs, profile_addrs, roster_addrs, messaging_addrs, room_addrs,
      media_addrs;
  int64_t workers = 0;
  int64_t max_packet = 1'048'576;
  int64_t max_connections = 18'000;
  int64_t connect_rate = 0;
  int64_t connect_timeout_ms = 10'000;
  int64_t unauthenticated_per_address = 1'000;
  int64_t address_publish_rate = 20'000;
  int64_t topic_bytes = 4'096;
  int64_t topic_levels = 64;
  int64_t n2o_idle_s = 60;
  int64_t drain_rate = 500;
  int64_t publish_rate = 1'000;
  int64_t log_rate = 10;
  int64_t session_expiry_max_s = 604'800;
  int64_t in_flight = 32;
  int64_t queue_messages = 1'000;
  int64_t queue_bytes = 4'194'304;
  int64_t write_limit = 8'388'608;
  int64_t subscriptions = 200;
  int64_t term_depth = 256;
  int64_t term_elements = 262'144;
  int64_t inflated_bytes = 4'194'304;
  int64_t call_timeout_ms = 5'000;
  int64_t vnode_max = 4;
  int64_t max_keep_alive = 0;
  int64_t receive_maximum = 1'024;
  int64_t topic_alias_maximum = 16;
  int64_t trace_notes = 65'536;
  bool topic_aliases = false;
  std::vector<std::string> open_topics;
  bool allow_anonymous = false;

  void Declare(config::Keys& keys);
};

}  // namespace chat::gateway
