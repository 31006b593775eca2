#include "libs/mqtt/codec_testing.h"

#include <algorithm>
#include <cstdio>

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

std::string Code(unsigned code) {
  char text[16];
  std::snprintf(text, sizeof text, " r=0x%02X", code);
  return code == 0 ? std::string() : std::string(text);
}

std::string Braced(const Properties& properties) {
  if (properties.empty()) return "";
  std::string out = " {";
  for (const Property& p : properties) {
    if (out.size() > 2) out += ' ';
    out += std::to_string(static_cast<int>(p.id)) + "=";
    const bool text = !p.text.empty() || p.id == PropertyId::kUserProperty;
    out += text ? "'" + std::string(p.text) + "'" : std::to_string(p.number);
    if (p.id == PropertyId::kUserProperty) out += ":'" + std::string(p.value) + "'";
  }
  return out + "}";
}

template <typename Ack>
std::string Answer(const char* name, const Ack& p) {
  return name + Id(p.id) + Code(static_cast<unsigned>(p.reason)) + Braced(p.properties);
}

struct Describer {
  std::string operator()(const Connect& p) const {
    std::string out = "CONNECT" + Number("v", static_cast<unsigned>(p.version)) +
                      Quoted("c", p.client_id) + Number("k", p.keep_alive_s);
    if (p.clean_session) out += " clean";
    if (p.will) {
      out += Quoted("wt", p.will->topic) + Quoted("wp", p.will->payload) +
             Number("wq", static_cast<unsigned>(p.will->qos));
      if (p.will->retain) out += " wretain";
      out += Braced(p.will->properties);
    }
    if (p.username) out += Quoted("u", *p.username);
    if (p.password) out += Quoted("p", *p.password);
    return out + Braced(p.properties);
  }
  std::string operator()(const Connack& p) const {
    return "CONNACK" + Number("code", p.code) + (p.session_present ? " present" : "") +
           Braced(p.properties);
  }
  std::string operator()(const Publish& p) const {
    return "PUBLISH" + Quoted("t", p.topic) + Quoted("p", p.payload) +
           Number("q", static_cast<unsigned>(p.qos)) +
           (p.id == kNoPacketId ? std::string() : Id(p.id)) + (p.dup ? " dup" : "") +
           (p.retain ? " retain" : "") + Braced(p.properties);
  }
  std::string operator()(const Puback& p) const { return Answer("PUBACK", p); }
  std::string operator()(const Pubrec& p) const { return Answer("PUBREC", p); }
  std::string operator()(const Pubrel& p) const { return Answer("PUBREL", p); }
  std::string operator()(const Pubcomp& p) const { return Answer("PUBCOMP", p); }
  std::string operator()(const Subscribe& p) const {
    std::string out = "SUBSCRIBE" + Id(p.id);
    for (const Subscription& s : p.subscriptions) {
      out += Quoted("f", s.filter) + Number("q", static_cast<unsigned>(s.qos));
      if (s.no_local) out += " nl";
      if (s.retain_as_published) out += " rap";
      if (s.retain_handling != RetainHandling::kAlways) {
        out += Number("rh", static_cast<unsigned>(s.retain_handling));
      }
    }
    return out + Braced(p.properties);
  }
  std::string operator()(const Suback& p) const {
    std::string out = "SUBACK" + Id(p.id);
    for (const uint8_t code : p.codes) out += " " + std::to_string(code);
    return out + Braced(p.properties);
  }
  std::string operator()(const Unsubscribe& p) const {
    std::string out = "UNSUBSCRIBE" + Id(p.id);
    for (const std::string_view filter : p.filters) out += Quoted("f", filter);
    return out + Braced(p.properties);
  }
  std::string operator()(const Unsuback& p) const {
    std::string out = "UNSUBACK" + Id(p.id);
    for (const uint8_t code : p.codes) out += " " + std::to_string(code);
    return out + Braced(p.properties);
  }
  std::string operator()(const Pingreq&) const { return "PINGREQ"; }
  std::string operator()(const Pingresp&) const { return "PINGRESP"; }
  std::string operator()(const Disconnect& p) const {
    return "DISCONNECT" + Code(static_cast<unsigned>(p.reason)) + Braced(p.properties);
  }
  std::string operator()(const Auth& p) const {
    return "AUTH" + Code(static_cast<unsigned>(p.reason)) + Braced(p.properties);
  }
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

Decoded DecodeAll(std::string_view bytes, Role role, size_t step, uint32_t max_packet_size,
                  std::optional<Version> version) {
  Decoded out;
  Decoder decoder(role, max_packet_size);
  if (version) decoder.SetVersion(*version);
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
