#include "libs/client/address.h"

#include <charconv>
#include <cstdint>

namespace chat::client {

std::optional<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (host.empty() || number == 0 || error != std::errc() || end != port.data() + port.size()) {
    return std::nullopt;
  }
  return Address{std::string(host), std::string(port)};
}

}  // namespace chat::client
