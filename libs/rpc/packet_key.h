// What identifies the PUBLISH of a request (PROTOCOL O3).
#pragma once

#include <string>

#include "chat/v1/call.pb.h"

namespace chat::rpc {

// Printable; of client id, packet id and payload. Empty when the PUBLISH cannot be repeated (QoS 0)
// or the request has a key of its own. The session's epoch is left out: the repetition comes over a
// later connection.
std::string PacketKey(const v1::Caller& caller);

}  // namespace chat::rpc
