// Accepts TCP connections on one loop. Several loops listen on the same address (SO_REUSEPORT), the
// kernel spreads connections over them.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>

#include "libs/net/loop.h"
#include "libs/net/stream.h"

namespace chat::net {

class TcpListener {
 public:
  using OnAccept = std::function<void(std::shared_ptr<Stream>)>;

  // Listens on "host:port" (port 0: picked by the system, see port()). `on_accept` is called on the
  // loop. Fails with kUnavailable and the address when it cannot. Backlog 4096.
  static absl::StatusOr<std::unique_ptr<TcpListener>> Listen(Loop& loop, const std::string& address,
                                                             OnAccept on_accept);
  ~TcpListener();
  // On the loop.
  void Stop();
  int port() const;

 private:
  struct State;
  explicit TcpListener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace chat::net
