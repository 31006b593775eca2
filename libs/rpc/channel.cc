#include "libs/rpc/channel.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <netdb.h>

#include <algorithm>

#include "libs/base/known_leaks.h"
#include "libs/log/log.h"
#include "libs/rpc/tls.h"

namespace chat::rpc {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;
constexpr int kMaxMetadataBytes = 64 << 10;

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  // A replica that stands still (SIGSTOP, a frozen machine) keeps its socket: only an answer to a
  // ping tells. Within four seconds its calls fail and the others get them all.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);  // bounds an attempt to connect
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 2'000);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return arguments;
}

enum class Family { kName, kIpv4, kIpv6 };

// `host` without brackets.
void Split(const std::string& address, std::string* host, std::string* port) {
  size_t colon = address.rfind(':');
  *host = address.substr(0, colon);
  *port = colon == std::string::npos ? "" : address.substr(colon + 1);
  if (host->size() > 2 && host->front() == '[' && host->back() == ']') {
    *host = host->substr(1, host->size() - 2);
  }
}

Family FamilyOf(const std::string& address) {
  std::string host, port;
  Split(address, &host, &port);
  in6_addr parsed{};
  if (inet_pton(AF_INET, host.c_str(), &parsed) == 1) return Family::kIpv4;
  if (inet_pton(AF_INET6, host.c_str(), &parsed) == 1) return Family::kIpv6;
  return Family::kName;
}

// The addresses of a name, as `ip:port`; none when it does not resolve to that family.
std::vector<std::string> Resolved(const std::string& address, int family) {
  std::string host, port;
  Split(address, &host, &port);
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  std::vector<std::string> addresses;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return addresses;
  for (const addrinfo* it = found; it != nullptr; it = it->ai_next) {
    char text[NI_MAXHOST] = "";
    if (getnameinfo(it->ai_addr, it->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) !=
        0) {
      continue;
    }
    addresses.push_back(family == AF_INET6 ? "[" + std::string(text) + "]:" + port
                                           : std::string(text) + ":" + port);
  }
  freeaddrinfo(found);
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

std::string Joined(const std::vector<std::string>& addresses) {
  std::string text;
  for (const std::string& address : addresses) text += (text.empty() ? "" : ",") + address;
  return text;
}

std::string Target(const std::string& address) {
  switch (FamilyOf(address)) {
    case Family::kIpv4:
      return "ipv4:" + address;
    case Family::kIpv6:
      return "ipv6:" + address;
    case Family::kName:
      break;
  }
  return "dns:///" + address;
}

// gRPC takes a static list of one family only, and no list of names.
std::string Target(const std::vector<std::string>& addresses) {
  if (addresses.empty()) return "ipv4:0.0.0.0:0";  // nobody: every call is UNAVAILABLE
  if (addresses.size() == 1) return Target(addresses[0]);
  bool all_ipv6 = std::all_of(addresses.begin(), addresses.end(),
                              [](const auto& a) { return FamilyOf(a) == Family::kIpv6; });
  if (all_ipv6) return "ipv6:" + Joined(addresses);
  std::vector<std::string> list;
  for (const std::string& address : addresses) {
    if (FamilyOf(address) == Family::kIpv4) {
      list.push_back(address);
    } else if (FamilyOf(address) == Family::kName) {
      std::vector<std::string> resolved = Resolved(address, AF_INET);
      if (resolved.empty()) log::Warn("a peer's name does not resolve", {{"address", address}});
      list.insert(list.end(), resolved.begin(), resolved.end());
    } else {
      log::Warn("an IPv6 peer beside IPv4 ones is left out", {{"address", address}});
    }
  }
  return list.empty() ? Target(addresses[0]) : "ipv4:" + Joined(list);
}

}  // namespace

std::vector<std::string> AddressesOf(const std::string& address) {
  if (FamilyOf(address) != Family::kName) return {address};
  std::vector<std::string> addresses = Resolved(address, AF_INET);
  return addresses.empty() ? Resolved(address, AF_INET6) : addresses;
}

std::shared_ptr<grpc::Channel> RoundRobin(const std::vector<std::string>& addresses) {
  grpc::ChannelArguments arguments = Arguments();
  arguments.SetServiceConfigJSON(R"({"loadBalancingConfig":[{"round_robin":{}}]})");
  return grpc::CreateCustomChannel(Target(addresses), ChannelCredentials(), arguments);
}

std::shared_ptr<grpc::Channel> Direct(const std::string& address) {
  return grpc::CreateCustomChannel(Target(address), ChannelCredentials(), Arguments());
}

}  // namespace chat::rpc
