#include "libs/net/tcp_listener.h"

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include "libs/base/status.h"
#include "libs/net/tcp_stream.h"

namespace chat::net {

namespace asio = boost::asio;
using asio::ip::tcp;

struct TcpListener::State : std::enable_shared_from_this<TcpListener::State> {
  State(Loop& loop, OnAccept on_accept)
      : loop(loop),
        acceptor(loop.context()),
        pause(loop.context()),
        on_accept(std::move(on_accept)) {}

  absl::Status Open(const std::string& address) {
    const size_t colon = address.rfind(':');
    if (colon == std::string::npos) return absl::InvalidArgumentError(address + ": not host:port");
    boost::system::error_code error;
    auto host = asio::ip::make_address(address.substr(0, colon), error);
    const int port = atoi(address.c_str() + colon + 1);
    if (error || port < 0 || port > 65535) {
      return absl::InvalidArgumentError(address + ": not an address to listen on");
    }
    const tcp::endpoint endpoint(host, static_cast<uint16_t>(port));
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    const int on = 1;
    setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(4096, error);
    if (!error) acceptor.non_blocking(true, error);
    if (error) return absl::UnavailableError(address + ": " + error.message());
    return absl::OkStatus();
  }

  void Accept() {
    acceptor.async_accept(
        [self = shared_from_this()](boost::system::error_code error, tcp::socket s) {
          if (self->stopped) return;
          if (!error) {
            self->on_accept(MakeTcpStream(self->loop, std::move(s)));
            return self->Accept();
          }
          // Out of descriptors or memory: wait for some to come back instead of spinning.
          self->pause.expires_after(std::chrono::milliseconds(20));
          self->pause.async_wait([self](boost::system::error_code) {
            if (!self->stopped) self->Accept();
          });
        });
  }

  Loop& loop;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  OnAccept on_accept;
  bool stopped = false;
};

absl::StatusOr<std::unique_ptr<TcpListener>> TcpListener::Listen(Loop& loop,
                                                                 const std::string& address,
                                                                 OnAccept on_accept) {
  auto state = std::make_shared<State>(loop, std::move(on_accept));
  CHAT_RETURN_IF_ERROR(state->Open(address));
  loop.Post([state] { state->Accept(); });
  return std::unique_ptr<TcpListener>(new TcpListener(std::move(state)));
}

TcpListener::TcpListener(std::shared_ptr<State> state) : state_(std::move(state)) {}

TcpListener::~TcpListener() = default;

void TcpListener::Stop() {
  state_->stopped = true;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

int TcpListener::port() const { return state_->acceptor.local_endpoint().port(); }

}  // namespace chat::net
