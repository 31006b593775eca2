#include "services/gateway/config.h"

namespace chat::gateway {

void GatewayConfig::Declare(config::Keys& keys) {
  keys.Add("mqtt_listen", &mqtt_listen, "MQTT over TCP listens here, host:port; empty: not");
  keys.Add("mqtts_listen", &mqtts_listen, "MQTT over TLS, as 8883; empty: not");
  keys.Add("ws_listen", &ws_listen, "MQTT over WebSocket, path /mqtt, as 8083; empty: not");
  keys.Add("wss_listen", &wss_listen, "MQTT over secure WebSocket, as 8084; empty: not");
  keys.Add("n2o_listen", &n2o_listen, "N2O WebSocket, path /ws, as 8000; empty: not");
  keys.Add("proxy_protocol", &proxy_protocol,
           "Listeners of tcp, tls, ws, wss, n2o behind a load balancer that sends a PROXY header, "
           "version 1 or 2; nobody else may reach them");
  keys.Add("tls_cert", &tls_cert, "PEM file: certificate of mqtts_listen and wss_listen, chain");
  keys.Add("tls_key", &tls_key, "PEM file: key of tls_cert");
  keys.Add("tls_client_ca", &tls_client_ca,
           "PEM file: authorities of client certificates, which are then asked for; empty: not");
  keys.Add("tls_client_required", &tls_client_required,
           "Refuse TLS clients without a certificate of tls_client_ca");
  keys.Add("tls_reload_s", &tls_reload_s, "How often these files are read again, seconds", 1,
           86'400);
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
  keys.Add("unauthenticated_per_address", &unauthenticated_per_address,
           "Connections of one address (an IPv6 /64 is one) that have shown no valid token; more "
           "are closed at once; 0: unlimited");
  keys.Add("address_publish_rate", &address_publish_rate,
           "PUBLISHes a second of one address, above it reading pauses; 0: unlimited");
  keys.Add("topic_bytes", &topic_bytes, "Length of a topic or filter", 64, 65'535);
  keys.Add("topic_levels", &topic_levels, "Levels of a topic or filter", 8, 65'535);
  keys.Add("n2o_idle_s", &n2o_idle_s, "Silence after which an N2O connection is closed", 1, 86'400);
  keys.Add("drain_rate", &drain_rate,
           "Connections closed a second while the process ends; more where drain_s asks for it", 1);
  keys.Add("publish_rate", &publish_rate,
           "PUBLISHes a second of one connection, above it reading pauses; 0: unlimited");
  keys.Add(
      "log_rate", &log_rate,
      "Lines a second that what one connection does may cause in the log; the rest is counted; "
      "0: unlimited");
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
  keys.Add("max_keep_alive", &max_keep_alive,
           "Longest keep-alive of MQTT 5.0 clients, seconds; they are told; 0: as they like", 0,
           65'535);
  keys.Add("receive_maximum", &receive_maximum,
           "QoS 1/2 PUBLISHes that a client may have unacknowledged; more end the connection", 1,
           65'535);
  keys.Add("topic_alias_maximum", &topic_alias_maximum,
           "Topic aliases of MQTT 5.0, each way and connection", 0, 1'000);
  keys.Add(
      "trace_notes", &trace_notes,
      "Notes about single messages that an event loop remembers for `chat trace`, 40 bytes each; "
      "0: none",
      0, 100'000'000);
  keys.Add(
      "open_topics", &open_topics,
      "Filters of topics that are served as by a general MQTT broker (PROTOCOL 1.10); one that "
      "begins with ! closes what earlier ones opened");
  keys.Add("allow_anonymous", &allow_anonymous,
           "Clients without a token may use the open topics (PROTOCOL 1.10, O19)");
  keys.Add("topic_aliases", &topic_aliases, "The topic names of later revisions (PROTOCOL 1.9)");
  keys.Add("vnode_max", &vnode_max, "N of {vnode_max,N} (PROTOCOL 1.6)", 1, 1'000'000);
}

}  // namespace chat::gateway
