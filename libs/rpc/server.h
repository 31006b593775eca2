// The gRPC server of a process: what is the same for all of them.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

namespace chat::rpc {

// Calls of the synchronous API: `running` at once in this process, `waiting` for their turn, each
// on a thread of its own that ends with the burst; a call more is answered RESOURCE_EXHAUSTED.
struct CallBounds {
  int running = 128;
  int waiting = 0;
};

// Limits, keepalive, health and reflection on `builder`.
void Configure(grpc::ServerBuilder& builder, const std::string& listen, CallBounds bounds,
               int* port);

// The health of the server in `listen` ("host:port", a wildcard host is this machine), asked in
// plaintext or as Direct() asks: true if it says SERVING within 2 s; else `why`.
bool AsksHealthy(const std::string& listen, bool plaintext, std::string* why);

}  // namespace chat::rpc
