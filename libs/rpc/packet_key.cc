#include "libs/rpc/packet_key.h"

#include <absl/strings/escaping.h>

#include "libs/base/status.h"

namespace chat::rpc {
namespace {

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(View(bytes)); }

}  // namespace

std::string PacketKey(const v1::Caller& caller) {
  if (!caller.has_packet() || caller.packet().id() == 0) return "";
  return Hex(caller.client_id()) + ":" + std::to_string(caller.packet().id()) + ":" +
         Hex(caller.packet().hash());
}

}  // namespace chat::rpc
