#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "libs/net/loop.h"
#include "libs/net/stream.h"

namespace chat::net {

// A Stream over a connected socket of this loop. Sets TCP_NODELAY and non-blocking.
std::shared_ptr<Stream> MakeTcpStream(Loop& loop, boost::asio::ip::tcp::socket socket);

}  // namespace chat::net
