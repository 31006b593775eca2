// Channels to other processes. Addresses are `host:port`; several are used round robin, and one
// that does not answer is left out until it does (gRPC's own health checking by connectivity).
#pragma once

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

namespace chat::rpc {

// Several addresses: static list, of one IP family; names among them are resolved once, here
// (IPv4). One address with a host name: DNS, all its records (headless service), asked again when a
// connection fails. No address: every call is UNAVAILABLE.
std::shared_ptr<grpc::Channel> RoundRobin(const std::vector<std::string>& addresses);
// Both connect in the background at the first call and again with a back-off of 100 ms to 1 s; a
// call to nobody fails at once with UNAVAILABLE. A peer that stops answering is noticed by pings
// within 13 s.

// The processes behind `host:port`: itself when the host is an IP address, else one `ip:port` for
// each address that the name has now, sorted (a headless service; IPv4, or IPv6 where there is no
// IPv4). Empty when the name does not resolve. Blocks.
std::vector<std::string> AddressesOf(const std::string& address);

// One process, e.g. one messaging replica or one gateway.
std::shared_ptr<grpc::Channel> Direct(const std::string& address);

}  // namespace chat::rpc
