#include "libs/net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace chat::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Times a handler reads in a row before other connections of the loop have their turn.
constexpr int kReadsInARow = 4;

class TcpStream : public Stream, public std::enable_shared_from_this<TcpStream> {
 public:
  TcpStream(Loop& loop, tcp::socket socket) : loop_(loop), socket_(std::move(socket)) {
    error_code error;
    socket_.set_option(tcp::no_delay(true), error);
    socket_.non_blocking(true, error);
    const tcp::endpoint remote = socket_.remote_endpoint(error);
    if (!error) peer_ = remote.address().to_string();
  }

  void Start(StreamHandler& handler) override {
    handler_ = &handler;
    WaitReadable();
  }

  void Write(std::string_view bytes) override {
    if (!socket_.is_open()) return;
    unwritten_ += bytes;
    if (flush_posted_ || waiting_writable_) return;
    flush_posted_ = true;
    asio::post(loop_.context(), [self = shared_from_this()] {
      self->flush_posted_ = false;
      self->Flush();
    });
  }

  void SetReading(bool on) override {
    reading_ = on;
    if (on && handler_ != nullptr) WaitReadable();
  }

  void Close(int64_t linger_ms) override {
    handler_ = nullptr;
    closing_ = true;
    if (unwritten_.empty() || !socket_.is_open()) return Shut();
    linger_ =
        std::make_unique<asio::steady_timer>(loop_.context(), std::chrono::milliseconds(linger_ms));
    linger_->async_wait([self = shared_from_this()](error_code) { self->Shut(); });
  }

  size_t unwritten() const override { return unwritten_.size(); }
  const std::string& peer() const override { return peer_; }

 private:
  void WaitReadable() {
    if (waiting_readable_ || !reading_ || handler_ == nullptr || !socket_.is_open()) return;
    waiting_readable_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
      self->waiting_readable_ = false;
      if (self->closing_) return self->Discard();
      if (error || self->handler_ == nullptr) return;
      self->ReadSome();
    });
  }

  // A client that leaves Nagle's algorithm on holds its next small packet back until the last one
  // is acknowledged, which the kernel delays by 40 ms. The option lasts for one acknowledgement.
  void AcknowledgeAtOnce() {
    const int on = 1;
    setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }

  void EndSending() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    Discard();
  }

  void Discard() {
    error_code error;
    for (int i = 0; i < kReadsInARow && socket_.is_open() && !error; ++i) {
      socket_.read_some(asio::buffer(loop_.scratch()), error);
    }
    if (!socket_.is_open() || waiting_readable_) return;
    if (error && error != asio::error::would_block && error != asio::error::try_again)
      return Shut();
    waiting_readable_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code) {
      self->waiting_readable_ = false;
      self->Discard();
    });
  }

  void ReadSome() {
    for (int i = 0; i < kReadsInARow && reading_ && handler_ != nullptr; ++i) {
      error_code error;
      const size_t size = socket_.read_some(asio::buffer(loop_.scratch()), error);
      if (error == asio::error::would_block || error == asio::error::try_again) break;
      if (error) return End();
      AcknowledgeAtOnce();
      handler_->OnData(std::string_view(loop_.scratch()).substr(0, size));
      if (size < loop_.scratch().size()) break;
    }
    WaitReadable();
  }

  void Flush() {
    if (!socket_.is_open()) return;
    while (!unwritten_.empty()) {
      error_code error;
      const size_t size = socket_.write_some(asio::buffer(unwritten_), error);
      if (error == asio::error::would_block || error == asio::error::try_again)
        return WaitWritable();
      if (error) return End();
      unwritten_.erase(0, size);
    }
    unwritten_.shrink_to_fit();
    if (closing_) return EndSending();
    if (handler_ != nullptr) handler_->OnFlushed();
  }

  void WaitWritable() {
    if (waiting_writable_) return;
    waiting_writable_ = true;
    socket_.async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code error) {
      self->waiting_writable_ = false;
      if (!error) self->Flush();
    });
  }

  void End() {
    StreamHandler* handler = handler_;
    handler_ = nullptr;
    Shut();
    if (handler != nullptr) handler->OnEnd();
  }

  void Shut() {
    error_code ignored;
    if (linger_) linger_->cancel();
    if (!socket_.is_open()) return;
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    unwritten_.clear();
    unwritten_.shrink_to_fit();
  }

  Loop& loop_;
  tcp::socket socket_;
  StreamHandler* handler_ = nullptr;
  std::string unwritten_;
  std::string peer_;
  std::unique_ptr<asio::steady_timer> linger_;
  bool reading_ = true;
  bool waiting_readable_ = false;
  bool waiting_writable_ = false;
  bool flush_posted_ = false;
  bool closing_ = false;
};

}  // namespace

std::shared_ptr<Stream> MakeTcpStream(Loop& loop, tcp::socket socket) {
  return std::make_shared<TcpStream>(loop, std::move(socket));
}

}  // namespace chat::net
