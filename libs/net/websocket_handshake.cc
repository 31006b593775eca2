#include "libs/net/websocket_handshake.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace chat::net {

namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr size_t kKeyText = 24;  // 16 bytes in base64
constexpr size_t kMaxProtocol = 64;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// RFC 7230 3.2.6.
bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// Takes what is before `separator` off the front; the whole text if there is none.
std::string_view Take(std::string_view* text, std::string_view separator) {
  const size_t end = text->find(separator);
  const std::string_view taken = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + separator.size());
  return taken;
}

Upgrade Refuse(std::string_view status, std::string_view why, std::string_view more = "") {
  Upgrade refused;
  refused.state = Upgrade::State::kRefused;
  refused.answer = "HTTP/1.1 ";
  refused.answer.append(status).append("\r\n").append(more);
  refused.answer +=
      "Content-Type: text/plain\r\nContent-Length: " + std::to_string(why.size() + 1) +
      "\r\nConnection: close\r\n\r\n";
  refused.answer.append(why).append("\n");
  return refused;
}

std::string AcceptOf(std::string_view key) {
  std::string text(key);
  text += kGuid;
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  unsigned char base64[(SHA_DIGEST_LENGTH + 2) / 3 * 4 + 1];
  const int size = EVP_EncodeBlock(base64, digest, SHA_DIGEST_LENGTH);
  return {reinterpret_cast<const char*>(base64), static_cast<size_t>(size)};
}

// Whether it is base64 of 16 bytes (RFC 6455 4.2.1, 5).
bool IsKey(std::string_view key) {
  if (key.size() != kKeyText || !key.ends_with("==")) return false;
  return std::all_of(key.begin(), key.end() - 2, [](char c) {
    return (c >= '0' && c <= '9') || (Lower(c) >= 'a' && Lower(c) <= 'z') || c == '+' || c == '/';
  });
}

// The fields of a request that the handshake looks at.
struct Fields {
  bool upgrade = false;     // Upgrade: websocket
  bool connection = false;  // Connection: upgrade
  bool host = false;
  std::optional<std::string_view> key, version;
  std::vector<std::string_view> protocols;

  // False: the field makes the request malformed.
  bool Add(std::string_view name, std::string_view value) {
    if (EqualsIgnoringCase(name, "host")) return !std::exchange(host, true);
    if (EqualsIgnoringCase(name, "sec-websocket-key")) return Once(&key, value);
    if (EqualsIgnoringCase(name, "sec-websocket-version")) return Once(&version, value);
    if (EqualsIgnoringCase(name, "upgrade")) upgrade |= Lists(value, "websocket");
    if (EqualsIgnoringCase(name, "connection")) connection |= Lists(value, "upgrade");
    if (!EqualsIgnoringCase(name, "sec-websocket-protocol")) return true;
    while (!value.empty()) {
      const std::string_view protocol = Trim(Take(&value, ","));
      if (!IsToken(protocol)) return false;
      protocols.push_back(protocol);
    }
    return true;
  }

 private:
  static bool Once(std::optional<std::string_view>* field, std::string_view value) {
    if (*field) return false;
    *field = value;
    return true;
  }
  static bool Lists(std::string_view value, std::string_view wanted) {
    while (!value.empty()) {
      if (EqualsIgnoringCase(Trim(Take(&value, ",")), wanted)) return true;
    }
    return false;
  }
};

bool IsServed(std::string_view target, const UpgradeRules& rules) {
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == rules.path) return true;
  return rules.below && path.starts_with(rules.path) && path[rules.path.size()] == '/';
}

// RFC 6455 4.2.1 and 4.2.2 on a request whose head is well formed.
Upgrade Decide(const Fields& fields, const UpgradeRules& rules) {
  if (!fields.host) return Refuse("400 Bad Request", "Host is missing");
  if (!fields.upgrade || !fields.connection) {
    return Refuse("426 Upgrade Required", "only WebSocket is served here",
                  "Upgrade: websocket\r\n");
  }
  if (fields.version != "13") {
    return Refuse("426 Upgrade Required", "Sec-WebSocket-Version must be 13",
                  "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
  }
  if (!fields.key || !IsKey(*fields.key)) {
    return Refuse("400 Bad Request", "Sec-WebSocket-Key is not base64 of 16 bytes");
  }
  const auto protocol =
      std::find_if(fields.protocols.begin(), fields.protocols.end(), [&](std::string_view offered) {
        return offered.size() <= kMaxProtocol && offered.starts_with(rules.protocol_prefix);
      });
  if (protocol == fields.protocols.end() && !rules.protocol_prefix.empty()) {
    return Refuse("400 Bad Request",
                  "Sec-WebSocket-Protocol must begin with " + rules.protocol_prefix);
  }
  Upgrade accepted;
  accepted.state = Upgrade::State::kAccepted;
  accepted.answer =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      AcceptOf(*fields.key) + "\r\n";
  if (protocol != fields.protocols.end()) {
    accepted.answer.append("Sec-WebSocket-Protocol: ").append(*protocol).append("\r\n");
  }
  accepted.answer += "\r\n";
  return accepted;
}

}  // namespace

Upgrade ReadUpgrade(std::string_view input, const UpgradeRules& rules) {
  const size_t end = input.substr(0, kMaxUpgradeHead).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (input.size() < kMaxUpgradeHead) return {};
    return Refuse("431 Request Header Fields Too Large", "the request is too large");
  }
  std::string_view head = input.substr(0, end);
  std::string_view line = Take(&head, "\r\n");
  const std::string_view method = Take(&line, " ");
  const std::string_view target = Take(&line, " ");
  if (!IsToken(method) || !target.starts_with('/') || line != "HTTP/1.1") {
    return Refuse("400 Bad Request", "not a request of HTTP/1.1");
  }
  Fields fields;
  while (!head.empty()) {
    line = Take(&head, "\r\n");
    const std::string_view name = Take(&line, ":");
    if (!IsToken(name) || !fields.Add(name, Trim(line))) {
      return Refuse("400 Bad Request", "a malformed or repeated field");
    }
  }
  if (method != "GET") return Refuse("405 Method Not Allowed", "only GET", "Allow: GET\r\n");
  if (!IsServed(target, rules)) return Refuse("404 Not Found", "no such path");
  Upgrade decided = Decide(fields, rules);
  decided.consumed = end + 4;
  return decided;
}

}  // namespace chat::net
