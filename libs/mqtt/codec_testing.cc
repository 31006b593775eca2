#include "libs/mqtt/codec_testing.h"

#include <algorithm>

namespace chat::mqtt::testing_support {

namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c - 'a' + 10;
}

std::string Quoted(const char* name, std::string_view text) {
  return std::string(" ") + name + "='" + std::string(text) + "'";
}

std::string Number(const char* name, unsigned value) {
  return std::string(" ") + name + "=" + std::to_string(value);
}

std::string Id(PacketId id) { return Number("id", static_cast<unsigned>(id)); }

struct Describer {
  std::string operator()(const Connect& p) const {
    std::string out = "CONNECT" + Number("v", static_cast<unsigned>(p.version)) +
                      Quoted("c", p.client_id) + Number("k", p.keep_alive_s);
    if (p.clean_session) out += " clean";
    if (p.will) {
      out += Quoted("wt", p.will->topic) + Quoted("wp", p.will->payload) +
             Number("wq", static_cast<unsigned>(p.will->qos));
      if (p.will->retain) out += " wretain";
    }
    if (p.username) out += Quoted("u", *p.username);
    if (p.password) out += Quoted("p", *p.password);
    return out;
  }
  std::string operator()(const Connack& p) const {
    return "CONNACK" + Number("code", p.code) + (p.session_present ? " present" : "");
  }
  std::string operator()(const Publish& p) const {
    return "PUBLISH" + Quoted("t", p.topic) + Quoted("p", p.payload) +
           Number("q", static_cast<unsigned>(p.qos)) +
           (p.id == kNoPacketId ? std::string() : Id(p.id)) + (p.dup ? " dup" : "") +
           (p.retain ? " retain" : "");
  }
  std::string operator()(const Puback& p) const { return "PUBACK" + Id(p.id); }
  std::string operator()(const Pubrec& p) const { return "PUBREC" + Id(p.id); }
  std::string operator()(const Pubrel& p) const { return "PUBREL" + Id(p.id); }
  std::string operator()(const Pubcomp& p) const { return "PUBCOMP" + Id(p.id); }
  std::string operator()(const Subscribe& p) const {
    std::string out = "SUBSCRIBE" + Id(p.id);
    for (const Subscription& s : p.subscriptions) {
      out += Quoted("f", s.filter) + Number("q", static_cast<unsigned>(s.qos));
    }
    return out;
  }
  std::string operator()(const Suback& p) const {
    std::string out = "SUBACK" + Id(p.id);
    for (const uint8_t code : p.codes) out += " " + std::to_string(code);
    return out;
  }
  std::string operator()(const Unsubscribe& p) const {
    std::string out = "UNSUBSCRIBE" + Id(p.id);
    for (const std::string_view filter : p.filters) out += Quoted("f", filter);
    return out;
  }
  std::string operator()(const Unsuback& p) const { return "UNSUBACK" + Id(p.id); }
  std::string operator()(const Pingreq&) const { return "PINGREQ"; }
  std::string operator()(const Pingresp&) const { return "PINGRESP"; }
  std::string operator()(const Disconnect&) const { return "DISCONNECT"; }
};

}  // namespace

std::string Bytes(std::string_view description) {
  std::string out;
  for (size_t i = 0; i < description.size(); ++i) {
    if (description[i] == ' ') continue;
    if (description[i] == '\'') {
      const size_t end = description.find('\'', i + 1);
      out.append(description.substr(i + 1, end - i - 1));
      i = end;
      continue;
    }
    out.push_back(static_cast<char>(HexDigit(description[i]) << 4 | HexDigit(description[i + 1])));
    ++i;
  }
  return out;
}

std::string Describe(const Packet& packet) { return std::visit(Describer(), packet); }

Decoded DecodeAll(std::string_view bytes, Role role, size_t step, uint32_t max_packet_size) {
  Decoded out;
  Decoder decoder(role, max_packet_size);
  Packet packet;
  ProtocolError error;
  if (step == 0) step = std::max<size_t>(1, bytes.size());
  while (!bytes.empty()) {
    // A copy of its own, so that a view beyond the piece is a finding of the address sanitizer.
    const std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    std::string_view input = piece;
    DecodeStatus status;
    while ((status = decoder.Next(input, packet, error)) == DecodeStatus::kPacket) {
      out.packets.push_back(Describe(packet));
    }
    if (status == DecodeStatus::kError) {
      out.error = error.clause;
      out.reason = error.reason;
      return out;
    }
  }
  return out;
}

}  // namespace chat::mqtt::testing_support
