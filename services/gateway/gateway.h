#pragma once

#include <absl/status/status.h>

#include <memory>
#include <string>
#include <vector>

#include "services/gateway/gateway_parts.h"
#include "services/gateway/gateway_service.h"

namespace chat::gateway {

// The process's parts, made and ended in the right order.
class Gateway {
 public:
  // `address`: where this process's gRPC server is reached, unless config.advertise says otherwise.
  Gateway(const GatewayConfig& config, const std::string& name, const std::string& address);
  ~Gateway();

  std::shared_ptr<GatewayService> service() { return service_; }
  // Listens; an error names the address.
  absl::Status Start();
  // Stops accepting, ends every connection, waits (bounded) until their sessions are closed.
  void Drain();

 private:
  // Accounts whose first live connection of all gateways came here (PROTOCOL 5.9).
  void TellOnline(const std::vector<int64_t>& accounts);

  GatewayParts parts_;
  std::shared_ptr<GatewayService> service_;
};

}  // namespace chat::gateway
