// The PROXY protocol, versions 1 and 2: what a load balancer says about a connection before its
// first byte. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chat::net {

struct ProxyHeader {
  enum class State { kNeedMore, kDone, kBad };
  State state = State::kNeedMore;
  size_t consumed = 0;  // kDone: what follows is the connection's own
  std::string source;   // the client's address; "": not said (UNKNOWN, LOCAL, UNIX)
};

// Largest header that is read; version 2 may carry more in extensions that nobody needs here.
inline constexpr size_t kMaxProxyHeader = 4096;

// `input` is everything that has arrived.
ProxyHeader ReadProxyHeader(std::string_view input);

}  // namespace chat::net
