#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/codec_testing.h"

// Any bytes, in any split, decode to the same packets or the same error; what was decoded is
// encoded to bytes that decode to it again. First byte: bit 0 the role, bit 1 the version of what
// servers send, the rest the size of the pieces.

namespace {

using chat::mqtt::Connect;
using chat::mqtt::Decoder;
using chat::mqtt::DecodeStatus;
using chat::mqtt::Packet;
using chat::mqtt::ProtocolError;
using chat::mqtt::Role;
using chat::mqtt::Version;
using chat::mqtt::testing_support::DecodeAll;
using chat::mqtt::testing_support::Decoded;

constexpr uint32_t kMaxPacket = 4096;

void Require(bool invariant) {
  if (!invariant) std::abort();
}

// The packets of `bytes`, encoded anew.
std::string EncodeAgain(std::string_view bytes, Role role, Version version) {
  std::string out;
  Decoder decoder(role, kMaxPacket);
  if (role == Role::kClient) decoder.SetVersion(version);
  bool connected = role == Role::kClient;
  Packet packet;
  ProtocolError error;
  while (decoder.Next(bytes, packet, error) == DecodeStatus::kPacket) {
    const auto* connect = std::get_if<Connect>(&packet);
    // The first CONNECT says how all that follows is framed.
    if (connect != nullptr && !connected) version = connect->version;
    connected |= connect != nullptr;
    Encode(packet,
           connect != nullptr ? connect->version
           : connected        ? version
                              : Version::k311,
           out);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Role role = (data[0] & 1) != 0 ? Role::kClient : Role::kServer;
  const Version version = (data[0] & 2) != 0 ? Version::k5 : Version::k311;
  const std::optional<Version> told = role == Role::kClient ? std::optional(version) : std::nullopt;
  const size_t step = 1 + (data[0] >> 2) % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Decoded whole = DecodeAll(bytes, role, 0, kMaxPacket, told);
  const Decoded pieces = DecodeAll(bytes, role, step, kMaxPacket, told);
  Require(whole.packets == pieces.packets);
  Require(whole.error == pieces.error);
  Require(whole.reason == pieces.reason);

  const Decoded again = DecodeAll(EncodeAgain(bytes, role, version), role, step, kMaxPacket, told);
  Require(again.packets == whole.packets);
  Require(again.error.empty());
  return 0;
}
