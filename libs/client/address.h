#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace chat::client {

struct Address {
  std::string host;
  std::string port;
};

// "host:1883", "127.0.0.1:1883" or "[::1]:1883". Nothing when the host is empty or the port is not
// 1 to 65535.
std::optional<Address> ParseAddress(std::string_view text);

}  // namespace chat::client
