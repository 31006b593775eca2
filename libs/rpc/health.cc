#include "libs/rpc/health.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>

namespace chat::rpc {

Health::Health(grpc::Server& server) : servers_{&server} {
  Say("", false);
  Say("startup", false);
  Say("live", true);
}

Health::~Health() {
  if (plain_ != nullptr) plain_->Shutdown(std::chrono::system_clock::now());
}

bool Health::Listen(const std::string& listen, int* port) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), port);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  plain_ = builder.BuildAndStart();
  if (plain_ == nullptr || *port == 0) return false;
  servers_.push_back(plain_.get());
  Say("", false);
  Say("startup", false);
  Say("live", true);
  return true;
}

void Health::Started() {
  Say("startup", true);
  Say("", true);
}

void Health::Ending() { Say("", false); }

void Health::Say(const std::string& service, bool serving) {
  for (grpc::Server* server : servers_) {
    server->GetHealthCheckService()->SetServingStatus(service, serving);
  }
}

}  // namespace chat::rpc
