#pragma once

#include <absl/status/status.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "services/gateway/gateway_parts.h"
#include "services/gateway/gateway_service.h"
#include "services/gateway/journeys_service.h"

namespace chat::gateway {

// The process's parts, made and ended in the right order.
class Gateway {
 public:
  // `address`: where this process's gRPC server is reached, unless config.advertise says otherwise.
  Gateway(const GatewayConfig& config, const std::string& name, const std::string& address);
  ~Gateway();

  std::shared_ptr<GatewayService> service() { return service_; }
  std::shared_ptr<JourneysService> journeys() { return journeys_; }
  // kInvalidArgument, with the name of the key, when the listeners cannot be what is configured.
  absl::Status Check();
  // Listens; an error names the address.
  absl::Status Start();
  // Stops accepting, ends every connection at a paced rate, each when its requests are answered,
  // and waits until their sessions are handed over; all within `limit`.
  void Drain(std::chrono::milliseconds limit);

 private:
  // Accounts whose first live connection of all gateways came here (PROTOCOL 5.9).
  void TellOnline(const std::vector<int64_t>& accounts);
  void OnName(const std::string& client_id, const std::string& ticket);

  GatewayParts parts_;
  std::shared_ptr<GatewayService> service_;
  std::shared_ptr<JourneysService> journeys_;
};

}  // namespace chat::gateway
