#pragma once

#include <memory>

#include "libs/net/loop.h"
#include "libs/net/stream.h"
#include "libs/net/tls_context.h"

namespace chat::net {

// The server's end of TLS over `lower`. Records go straight between OpenSSL and the lower stream:
// an open connection between records holds no buffer. The handshake runs with the first bytes; how
// long it may take is its owner's to say. A failed one ends the stream after its alert.
std::shared_ptr<Stream> MakeTlsStream(Loop& loop, std::shared_ptr<Stream> lower,
                                      const TlsContext& context);

}  // namespace chat::net
