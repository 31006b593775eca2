#include "services/gateway/transport/endpoint.h"

#include <algorithm>
#include <array>

namespace chat::gateway {

namespace {

struct Row {
  Transport transport;
  const char* name;
  const char* key;
  std::string GatewayConfig::*address;
  bool tls;
};

constexpr std::array<Row, kTransports> kRows = {{
    {Transport::kTcp, "tcp", "mqtt_listen", &GatewayConfig::mqtt_listen, false},
    {Transport::kTls, "tls", "mqtts_listen", &GatewayConfig::mqtts_listen, true},
    {Transport::kWs, "ws", "ws_listen", &GatewayConfig::ws_listen, false},
    {Transport::kWss, "wss", "wss_listen", &GatewayConfig::wss_listen, true},
    {Transport::kN2o, "n2o", "n2o_listen", &GatewayConfig::n2o_listen, false},
}};

const Row& RowOf(Transport transport) { return kRows[static_cast<size_t>(transport)]; }

}  // namespace

const char* NameOf(Transport transport) { return RowOf(transport).name; }

bool UsesTls(Transport transport) { return RowOf(transport).tls; }

std::vector<Endpoint> Endpoints(const GatewayConfig& config) {
  std::vector<Endpoint> endpoints;
  for (const Row& row : kRows) {
    const std::string& address = config.*row.address;
    if (address.empty()) continue;
    const bool proxied = std::find(config.proxy_protocol.begin(), config.proxy_protocol.end(),
                                   row.name) != config.proxy_protocol.end();
    endpoints.push_back({row.transport, row.key, address, proxied});
  }
  return endpoints;
}

absl::Status CheckEndpoints(const GatewayConfig& config) {
  for (const std::string& name : config.proxy_protocol) {
    if (std::none_of(kRows.begin(), kRows.end(),
                     [&](const Row& row) { return row.name == name; })) {
      return absl::InvalidArgumentError("key 'proxy_protocol': " + name +
                                        " is none of tcp, tls, ws, wss, n2o");
    }
  }
  for (const Endpoint& endpoint : Endpoints(config)) {
    if (!UsesTls(endpoint.transport)) continue;
    for (const auto& [key, file] :
         {std::pair{"tls_cert", config.tls_cert}, std::pair{"tls_key", config.tls_key}}) {
      if (!file.empty()) continue;
      return absl::InvalidArgumentError("key '" + std::string(key) + "': " + endpoint.key +
                                        " needs it");
    }
  }
  if (config.tls_client_required && config.tls_client_ca.empty()) {
    return absl::InvalidArgumentError("key 'tls_client_ca': tls_client_required needs it");
  }
  return absl::OkStatus();
}

}  // namespace chat::gateway
