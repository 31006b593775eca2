#include "libs/net/proxy_header.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace chat::net {

namespace {

constexpr std::string_view kSignature2("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kHead2 = 16;
constexpr size_t kMaxLine1 = 107;  // with its CRLF

ProxyHeader Bad() {
  ProxyHeader bad;
  bad.state = ProxyHeader::State::kBad;
  return bad;
}

ProxyHeader Done(size_t consumed, std::string source) {
  return {ProxyHeader::State::kDone, consumed, std::move(source)};
}

// The same address in the one form that everything else here uses; "" if it is none.
std::string Canonical(int family, const std::string& text) {
  unsigned char bytes[16];
  char out[INET6_ADDRSTRLEN];
  if (inet_pton(family, text.c_str(), bytes) != 1) return "";
  return inet_ntop(family, bytes, out, sizeof out) == nullptr ? "" : out;
}

bool IsPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         std::stoi(std::string(text)) <= 65535;
}

// PROXY TCP4 source destination port port CRLF
ProxyHeader ReadVersion1(std::string_view input) {
  const size_t end = input.substr(0, kMaxLine1).find("\r\n");
  if (end == std::string_view::npos) return input.size() < kMaxLine1 ? ProxyHeader() : Bad();
  std::vector<std::string> words;
  for (std::string_view line = input.substr(0, end);;) {
    const size_t space = line.find(' ');
    words.emplace_back(line.substr(0, space));
    if (space == std::string_view::npos) break;
    line.remove_prefix(space + 1);
  }
  if (words.size() >= 2 && words[1] == "UNKNOWN") return Done(end + 2, "");
  if (words.size() != 6 || (words[1] != "TCP4" && words[1] != "TCP6")) return Bad();
  const int family = words[1] == "TCP4" ? AF_INET : AF_INET6;
  const std::string source = Canonical(family, words[2]);
  if (source.empty() || Canonical(family, words[3]).empty() || !IsPort(words[4]) ||
      !IsPort(words[5])) {
    return Bad();
  }
  return Done(end + 2, source);
}

ProxyHeader ReadVersion2(std::string_view input) {
  if (input.size() < kHead2) return {};
  const auto at = [&](size_t i) { return static_cast<uint8_t>(input[i]); };
  const size_t body = static_cast<size_t>(at(14) << 8 | at(15));
  const uint8_t command = at(12) & 0x0F;
  const uint8_t family = at(13) >> 4;
  if (at(12) >> 4 != 2 || command > 1 || kHead2 + body > kMaxProxyHeader) return Bad();
  if (input.size() < kHead2 + body) return {};
  const size_t address = family == 1 ? 4 : family == 2 ? 16 : 0;
  if (command == 0 || address == 0) return Done(kHead2 + body, "");
  if (body < 2 * address + 4) return Bad();
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family == 1 ? AF_INET : AF_INET6, input.data() + kHead2, text, sizeof text);
  return Done(kHead2 + body, text);
}

}  // namespace

ProxyHeader ReadProxyHeader(std::string_view input) {
  const auto begins = [&](std::string_view with) {
    return input.substr(0, with.size()) == with.substr(0, input.size());
  };
  if (begins(kSignature2)) {
    return input.size() < kSignature2.size() ? ProxyHeader() : ReadVersion2(input);
  }
  constexpr std::string_view kWord1 = "PROXY ";
  if (!begins(kWord1)) return Bad();
  return input.size() < kWord1.size() ? ProxyHeader() : ReadVersion1(input);
}

}  // namespace chat::net
