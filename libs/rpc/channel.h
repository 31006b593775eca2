// Channels to other processes. Addresses are `host:port`; several are used round robin, and one
// that does not answer is left out until it does (gRPC's own health checking by connectivity).
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

namespace chat::rpc {

// Several addresses: static list. One address with a host name: DNS, all its records (headless
// service).
std::shared_ptr<grpc::Channel> RoundRobin(const std::vector<std::string>& addresses);
// One process, e.g. one messaging replica or one gateway.
std::shared_ptr<grpc::Channel> Direct(const std::string& address);

}  // namespace chat::rpc
