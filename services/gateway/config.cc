#include "services/gateway/config.h"

namespace chat::gateway {

void GatewayConfig::Declare(config::Keys& keys) {
  keys.Add("mqtt_listen", &mqtt_listen, "MQTT over TCP listens here, host:port");
  keys.Add("redis", &redis, "Redis, host:port");
  keys.Add("advertise", &advertise,
           "gRPC address at which other gateways reach this one; empty: grpc_listen");
  keys.Add("auth_addrs", &auth_addrs, "gRPC addresses of auth, host:port");
  keys.Add("profile_addrs", &profile_addrs, "gRPC addresses of profile");
  keys.Add("roster_addrs", &roster_addrs, "gRPC addresses of roster");
  keys.Add("messaging_addrs", &messaging_addrs, "gRPC addresses of messaging");
  keys.Add("room_addrs", &room_addrs, "gRPC addresses of room");
  keys.Add("media_addrs", &media_addrs, "gRPC addresses of media");
  keys.Add("workers", &workers, "Event loops; 0: one per core", 0, 64);
  keys.Add("max_packet", &max_packet, "Largest MQTT packet, bytes (PROTOCOL 1.2)", 1024,
           268'435'455);
  keys.Add("max_connections", &max_connections, "Connections of this process", 1, 10'000'000);
  keys.Add("connect_rate", &connect_rate, "CONNECTs a second of this process; 0: unlimited");
  keys.Add("connect_timeout_ms", &connect_timeout_ms, "From the socket to a whole CONNECT", 100,
           600'000);
  keys.Add("publish_rate", &publish_rate,
           "PUBLISHes a second of one connection, above it reading pauses; 0: unlimited");
  keys.Add("session_expiry_max_s", &session_expiry_max_s,
           "Life of a stored session after its connection ended, seconds", 1, 31'536'000);
  keys.Add("in_flight", &in_flight, "Unacknowledged QoS 1/2 messages to one client", 1, 1'000);
  keys.Add("queue_messages", &queue_messages,
           "Messages waiting behind the in-flight window; more come from history later", 1,
           100'000);
  keys.Add("queue_bytes", &queue_bytes, "Bytes waiting behind the in-flight window", 1'024);
  keys.Add("write_limit", &write_limit,
           "Bytes that a client may leave unread before it is disconnected", 65'536);
  keys.Add("subscriptions", &subscriptions, "Topics that one client may subscribe to", 1, 100'000);
  keys.Add("term_depth", &term_depth, "Nesting of a BERT term (PROTOCOL 2.4)", 1, 1'000);
  keys.Add("term_elements", &term_elements, "Terms in one payload (PROTOCOL 2.4)", 1);
  keys.Add("inflated_bytes", &inflated_bytes, "Size of a compressed term (PROTOCOL 2.4)", 1);
  keys.Add("call_timeout_ms", &call_timeout_ms, "Deadline of a request's RPC", 100, 60'000);
  keys.Add("vnode_max", &vnode_max, "N of {vnode_max,N} (PROTOCOL 1.6)", 1, 1'000'000);
}

}  // namespace chat::gateway
