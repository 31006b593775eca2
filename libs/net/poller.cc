#include "libs/net/poller.h"

#include <boost/asio/post.hpp>

namespace chat::net {

namespace asio = boost::asio;

asio::execution_context::id Poller::id;

Poller::Poller(asio::execution_context& context)
    : asio::execution_context::service(context),
      context_(static_cast<asio::io_context&>(context)),
      epoll_(context_, epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() = default;

void Poller::shutdown() {
  boost::system::error_code ignored;
  epoll_.close(ignored);
}

bool Poller::Add(int socket, Watched* watched) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = watched;
  if (epoll_ctl(epoll_.native_handle(), EPOLL_CTL_ADD, socket, &event) != 0) return false;
  if (!waiting_) Wait();
  return true;
}

void Poller::Remove(int socket, Watched* watched) {
  epoll_event unused{};
  if (epoll_.is_open()) epoll_ctl(epoll_.native_handle(), EPOLL_CTL_DEL, socket, &unused);
  for (size_t i = 0; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == watched) batch_[i].data.ptr = nullptr;
  }
}

void Poller::Wait() {
  waiting_ = true;
  epoll_.async_wait(asio::posix::stream_descriptor::wait_read,
                    [this](const boost::system::error_code& error) {
                      waiting_ = false;
                      if (!error) Dispatch();
                    });
}

void Poller::Dispatch() {
  const int count = epoll_wait(epoll_.native_handle(), batch_.data(), kBatch, 0);
  batch_size_ = count > 0 ? static_cast<size_t>(count) : 0;
  for (size_t i = 0; i < batch_size_; ++i) {
    if (batch_[i].data.ptr == nullptr) continue;
    static_cast<Watched*>(batch_[i].data.ptr)->OnReady(batch_[i].events);
  }
  const bool more = batch_size_ == kBatch;
  batch_size_ = 0;
  if (!more) return Wait();
  waiting_ = true;
  asio::post(context_, [this] {  // others of the loop have their turn
    waiting_ = false;
    Dispatch();
  });
}

}  // namespace chat::net
