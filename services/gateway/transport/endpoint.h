// What the gateway listens on (PROTOCOL 1.1): one table, from configuration keys to what carries a
// connection.
#pragma once

#include <absl/status/status.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "services/gateway/config.h"

namespace chat::gateway {

enum class Transport : uint8_t { kTcp, kTls, kWs, kWss, kN2o };
inline constexpr size_t kTransports = 5;

// "tcp", …: the label in metrics.
const char* NameOf(Transport transport);
bool UsesTls(Transport transport);

struct Endpoint {
  Transport transport = Transport::kTcp;
  std::string key;       // of the configuration
  std::string address;   // host:port
  bool proxied = false;  // every connection begins with a PROXY header
};

// Those that have an address.
std::vector<Endpoint> Endpoints(const GatewayConfig& config);

// kInvalidArgument, with the name of the key: an endpoint that needs TLS without certificate and
// key, or a name in proxy_protocol that is no transport.
absl::Status CheckEndpoints(const GatewayConfig& config);

}  // namespace chat::gateway
