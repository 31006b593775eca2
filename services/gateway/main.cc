#include "libs/rpc/process.h"
#include "services/gateway/gateway.h"

int main(int argc, char** argv) {
  chat::rpc::Process process("gateway", argc, argv);
  chat::gateway::GatewayConfig config;
  config.Declare(process.keys());
  return process.Run([&](chat::rpc::Serving& serving) {
    auto gateway =
        std::make_shared<chat::gateway::Gateway>(config, serving.name(), serving.grpc_listen());
    serving.Add(gateway->service());
    serving.OnStarted([gateway] { return gateway->Start(); });
    serving.OnDrain([gateway] { gateway->Drain(); });
    serving.Keep(gateway);
    return absl::OkStatus();
  });
}
