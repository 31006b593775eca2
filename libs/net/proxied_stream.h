#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "libs/net/loop.h"
#include "libs/net/stream.h"

namespace chat::net {

// Reads a PROXY header off a fresh `stream`; then `ready` gets a stream whose peer() is the
// client's address. A connection without a header, with a bad one, or with none within
// `timeout_ms`, is closed. Only for listeners that nothing but the load balancer reaches: anybody
// can write a header.
void AcceptProxied(Loop& loop, std::shared_ptr<Stream> stream, int64_t timeout_ms,
                   std::function<void(std::shared_ptr<Stream>)> ready);

}  // namespace chat::net
