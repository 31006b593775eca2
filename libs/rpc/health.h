// What a process says about itself by the gRPC health service, on its own port and, when
// `health_listen` is set, on one more that speaks plaintext and nothing else: an orchestrator's
// probe has no certificate. Three services, for three questions:
//   ""         ready: send it work. From the end of the start until it is told to end.
//   "startup"  has started. From the end of the start on.
//   "live"     the process answers at all. Always.
#pragma once

#include <grpcpp/server.h>

#include <memory>
#include <string>
#include <vector>

namespace chat::rpc {

class Health {
 public:
  // `server` serves the health service too and outlives this.
  explicit Health(grpc::Server& server);
  ~Health();
  // False when the address is taken. `port` is the one that was bound.
  bool Listen(const std::string& listen, int* port);
  void Started();
  void Ending();

 private:
  void Say(const std::string& service, bool serving);
  std::vector<grpc::Server*> servers_;
  std::unique_ptr<grpc::Server> plain_;
};

}  // namespace chat::rpc
