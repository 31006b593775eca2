// A server that echoes and a client that blocks, for the tests of streams.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/net/tcp_listener.h"

namespace chat::net::testing_support {

// Echoes what arrives on each stream; answers "peer" with the peer's address; closes after "bye".
class EchoServer {
 public:
  using Accept = std::function<void(std::shared_ptr<Stream>)>;
  // What to do with an accepted connection; ends with calling the given function, or not.
  using Wrap = std::function<void(Loop&, std::shared_ptr<Stream>, Accept)>;

  explicit EchoServer(Wrap wrap);
  ~EchoServer();
  int port() const { return listener_->port(); }
  // Waits until a stream, the first one, has told its owner of its end. Once.
  bool AwaitEnd();
  // Streams that reached the echo.
  size_t accepted() const { return accepted_; }

 private:
  class Echo;
  Loop loop_;
  std::unique_ptr<TcpListener> listener_;
  std::vector<std::unique_ptr<Echo>> echoes_;
  std::promise<void> ended_;
  std::atomic<bool> has_ended_{false};
  std::atomic<size_t> accepted_{0};
};

class BlockingClient {
 public:
  explicit BlockingClient(int port);
  void Send(std::string_view bytes);
  std::string Receive(size_t size);
  // Everything up to the end of the connection.
  std::string ReceiveAll();
  int native() { return socket_.native_handle(); }
  void Close() { socket_.close(); }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_{context_};
};

}  // namespace chat::net::testing_support
