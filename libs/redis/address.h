// host:port of a Redis server; an IPv6 host stands in brackets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat::redis {

struct Address {
  std::string host;  // without brackets
  int port = 0;

  static std::optional<Address> Parse(std::string_view text);
};

}  // namespace chat::redis
