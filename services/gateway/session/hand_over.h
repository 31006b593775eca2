// What an older connection of a session leaves to the next one (PROTOCOL O7; delivery promise,
// part 8).
#pragma once

#include <cstdint>
#include <functional>

#include "chat/v1/gateway.pb.h"
#include "services/gateway/gateway_parts.h"

namespace chat::gateway {

// Ends the connection of this gateway that holds the session with a smaller epoch, if there is one,
// and tells what it leaves, or what one that has ended just now has left. `done` is called once, on
// this thread or a worker's.
void TakeOverHere(GatewayParts& parts, int64_t session, int64_t epoch,
                  std::function<void(v1::TakeOverReply)> done);

}  // namespace chat::gateway
