// Readiness of sockets, edge triggered, registered once for their whole life. Asio keeps some 400
// bytes and makes a system call for each wait on a socket; here a socket costs the loop nothing
// while it is idle.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>

namespace chat::net {

class Watched {
 public:
  // `events` are those of epoll. An edge comes once: what is not done now must be remembered.
  virtual void OnReady(uint32_t events) = 0;

 protected:
  ~Watched() = default;
};

// One per io_context: boost::asio::use_service<Poller>(context). On the loop's thread only.
class Poller : public boost::asio::execution_context::service {
 public:
  using key_type = Poller;
  static boost::asio::execution_context::id id;

  explicit Poller(boost::asio::execution_context& context);
  ~Poller() override;

  // Reports every edge of `socket` to `watched` until Remove. False when the system refuses.
  bool Add(int socket, Watched* watched);
  // Before the socket is closed. No event comes any more, not even of the present batch.
  void Remove(int socket, Watched* watched);

 private:
  static constexpr size_t kBatch = 256;

  void shutdown() override;
  void Wait();
  void Dispatch();

  boost::asio::io_context& context_;
  boost::asio::posix::stream_descriptor epoll_;
  std::array<epoll_event, kBatch> batch_;
  size_t batch_size_ = 0;  // while a batch is dispatched
  bool waiting_ = false;
};

}  // namespace chat::net
