// What all connections of a gateway share.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "libs/bert/limits.h"
#include "libs/mqtt/connection.h"
#include "libs/net/tls_context.h"
#include "libs/net/websocket.h"
#include "libs/redis/publisher.h"
#include "services/gateway/config.h"
#include "services/gateway/fanout/fanout.h"
#include "services/gateway/fanout/pending_names.h"
#include "services/gateway/fanout/presence_leases.h"
#include "services/gateway/open/open_feed.h"
#include "services/gateway/open/open_filters.h"
#include "services/gateway/rate.h"
#include "services/gateway/router/backends.h"
#include "services/gateway/session/session_ends.h"
#include "services/gateway/session/session_registry.h"
#include "services/gateway/transport/door.h"

namespace chat::gateway {

class Worker;

// Made once, at start; immutable but for what is thread safe by itself.
struct GatewayParts {
  GatewayConfig config;
  std::string address;  // at which other gateways reach this one
  mqtt::ConnectionLimits connection_limits;
  mqtt::SessionLimits session_limits;
  bert::Limits term_limits;
  SessionRegistry registry;
  std::unique_ptr<Door> door;
  net::WebSocketRules n2o_rules;
  std::shared_ptr<net::TlsContext> tls;  // null where nothing needs it
  std::unique_ptr<Backends> backends;
  std::unique_ptr<PresenceLeases> leases;
  std::unique_ptr<PendingNames> names;
  std::unique_ptr<Fanout> fanout;
  OpenFilters open;
  std::unique_ptr<OpenFeed> open_feed;          // PROTOCOL 1.10; null without open topics
  std::unique_ptr<redis::Publisher> publisher;  // of messages in no log
  std::vector<std::unique_ptr<Worker>> workers;
  std::mutex connects_mutex;
  TokenBucket connects{0};  // connect_rate, of all workers together
  std::unique_ptr<SessionEnds> ends;
};

}  // namespace chat::gateway
