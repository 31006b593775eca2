// The opening handshake of a WebSocket server (RFC 6455 section 4.2): the bytes of an HTTP request
// in, the bytes of the answer out. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace chat::net {

// What a listener serves.
struct UpgradeRules {
  std::string path;             // e.g. "/mqtt"; a query behind it is allowed and ignored
  bool below = false;           // also paths below it
  std::string protocol_prefix;  // a sub-protocol that begins so is required; "": none is
};

struct Upgrade {
  enum class State { kNeedMore, kAccepted, kRefused };
  State state = State::kNeedMore;
  size_t consumed = 0;  // kAccepted: what follows is frames
  std::string answer;   // kAccepted, kRefused: to be sent; after a refusal the connection ends
};

// Largest request head, bytes; beyond it the answer is 431.
inline constexpr size_t kMaxUpgradeHead = 8192;

// `input` is everything that has arrived. Refusals: 400 for what is malformed and for a missing
// sub-protocol (PROTOCOL 1.1), 404 for another path, 405 for another method, 426 for a request
// without upgrade or of another version, 431.
Upgrade ReadUpgrade(std::string_view input, const UpgradeRules& rules);

}  // namespace chat::net
