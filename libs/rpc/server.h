// The gRPC server of a process: what is the same for all of them.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string>

namespace chat::rpc {

// Limits, keepalive, health and reflection on `builder`; `threads` bounds the handlers of the
// synchronous API: a call more is answered RESOURCE_EXHAUSTED.
void Configure(grpc::ServerBuilder& builder, const std::string& listen, int threads, int* port);

// The health of the server in `listen` ("host:port", a wildcard host is this machine), asked in
// plaintext or as Direct() asks: true if it says SERVING within 2 s; else `why`.
bool AsksHealthy(const std::string& listen, bool plaintext, std::string* why);

}  // namespace chat::rpc
