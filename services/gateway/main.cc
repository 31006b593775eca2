#include "libs/rpc/process.h"
#include "services/gateway/gateway.h"

int main(int argc, char** argv) {
  chat::rpc::Process process("gateway", argc, argv);
  chat::gateway::GatewayConfig config;
  config.Declare(process.keys());
  return process.Run([&](chat::rpc::Serving& serving) {
    auto gateway =
        std::make_shared<chat::gateway::Gateway>(config, serving.name(), serving.grpc_listen());
    absl::Status checked = gateway->Check();
    if (!checked.ok()) return checked;
    serving.Add(gateway->service());
    serving.Add(gateway->journeys());
    serving.OnStarted([gateway] { return gateway->Start(); });
    serving.OnDrain([gateway, limit = serving.drain()] { gateway->Drain(limit); });
    serving.Keep(gateway);
    return absl::OkStatus();
  });
}
