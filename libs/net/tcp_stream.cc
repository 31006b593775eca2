#include "libs/net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

#include "libs/net/poller.h"

namespace chat::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Times a handler reads in a row before other connections of the loop have their turn.
constexpr int kReadsInARow = 4;
// So much is offered to the kernel at once and not at the end of the handler, so that what is
// unwritten says what the peer does not take.
constexpr size_t kWriteNow = 64 * 1024;

class TcpStream final : public Stream,
                        public Watched,
                        public std::enable_shared_from_this<TcpStream> {
 public:
  TcpStream(Loop& loop, tcp::socket socket) : loop_(loop) {
    error_code error;
    socket.set_option(tcp::no_delay(true), error);
    socket.non_blocking(true, error);
    const tcp::endpoint remote = socket.remote_endpoint(error);
    if (!error) peer_ = remote.address().to_string();
    socket_ = socket.release(error);
    if (error) socket_ = -1;
  }
  ~TcpStream() { Shut(); }

  void Start(StreamHandler& handler) override {
    handler_ = &handler;
    if (!watched_) Watch();
    ReadLater();
  }

  void Write(std::string_view bytes) override {
    if (socket_ < 0) return;
    unwritten_ += bytes;
    if (waiting_writable_) return;
    if (unwritten_.size() >= kWriteNow) Offer();
    if (std::exchange(flush_posted_, true)) return;
    asio::post(loop_.context(), [self = shared_from_this()] {
      self->flush_posted_ = false;
      self->Flush();
    });
  }

  void SetReading(bool on) override {
    reading_ = on;
    ReadLater();
  }

  void Close(int64_t linger_ms) override {
    handler_ = nullptr;
    closing_ = true;
    if (unwritten_.empty() || socket_ < 0) return Shut();
    if (!watched_) Watch();
    linger_ =
        std::make_unique<asio::steady_timer>(loop_.context(), std::chrono::milliseconds(linger_ms));
    linger_->async_wait([self = shared_from_this()](error_code) { self->Shut(); });
  }

  size_t unwritten() const override { return unwritten_.size(); }
  const std::string& peer() const override { return peer_; }

  void OnReady(uint32_t events) override {
    const auto self = shared_from_this();  // its owner may let go of it
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = true;
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) ended_ = true;
    if ((events & EPOLLOUT) != 0 && std::exchange(waiting_writable_, false)) Flush();
    Read();
  }

 private:
  void Watch() {
    watched_ = true;
    if (socket_ >= 0 && !asio::use_service<Poller>(loop_.context()).Add(socket_, this)) {
      // Neither data nor its end would ever be heard of.
      asio::post(loop_.context(), [self = shared_from_this()] { self->End(); });
    }
  }

  // An edge that came while reading was off does not come again.
  void ReadLater() {
    if (!readable_ || !reading_ || handler_ == nullptr || std::exchange(read_posted_, true)) return;
    asio::post(loop_.context(), [self = shared_from_this()] {
      self->read_posted_ = false;
      self->Read();
    });
  }

  // One read into the loop's scratch memory; false at EAGAIN or the end. `size` is what came.
  bool ReadOnce(ssize_t* size) {
    do {
      *size = recv(socket_, loop_.scratch().data(), loop_.scratch().size(), 0);
    } while (*size < 0 && errno == EINTR);
    if (*size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) readable_ = false;
    return *size > 0;
  }

  void Read() {
    if (closing_) return Discard();
    for (int i = 0; i < kReadsInARow; ++i) {
      if (!readable_ || !reading_ || handler_ == nullptr || socket_ < 0) return;
      ssize_t size = 0;
      if (!ReadOnce(&size)) {
        if (readable_) End();
        return;
      }
      AcknowledgeAtOnce();
      // Less than asked for is all there was, unless the end of the stream is behind it.
      if (static_cast<size_t>(size) < loop_.scratch().size() && !ended_) readable_ = false;
      handler_->OnData(std::string_view(loop_.scratch()).substr(0, static_cast<size_t>(size)));
    }
    ReadLater();
  }

  // A client that leaves Nagle's algorithm on holds its next small packet back until the last one
  // is acknowledged, which the kernel delays by 40 ms. The option lasts for one acknowledgement.
  void AcknowledgeAtOnce() {
    const int on = 1;
    setsockopt(socket_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }

  // What still comes after Close must be read: unread bytes would make the kernel reset the
  // connection, which takes our last words from the peer.
  void Discard() {
    for (int i = 0; i < kReadsInARow && readable_ && socket_ >= 0; ++i) {
      ssize_t size = 0;
      if (!ReadOnce(&size) && readable_) return Shut();
    }
    if (!readable_ || socket_ < 0 || std::exchange(read_posted_, true)) return;
    asio::post(loop_.context(), [self = shared_from_this()] {
      self->read_posted_ = false;
      self->Discard();
    });
  }

  // Writes what the kernel takes now; false when the connection is broken.
  bool Offer() {
    size_t taken = 0;
    while (taken < unwritten_.size()) {
      const ssize_t size =
          send(socket_, unwritten_.data() + taken, unwritten_.size() - taken, MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return false;
      if (size < 0) {
        waiting_writable_ = true;
        break;
      }
      taken += static_cast<size_t>(size);
    }
    if (taken == unwritten_.size()) {
      unwritten_ = std::string();
    } else {
      unwritten_.erase(0, taken);
    }
    return true;
  }

  void Flush() {
    if (socket_ < 0 || waiting_writable_) return;
    if (!Offer()) return End();
    if (!unwritten_.empty()) return;
    if (closing_) return EndSending();
    if (handler_ != nullptr) handler_->OnFlushed();
  }

  void EndSending() {
    shutdown(socket_, SHUT_WR);
    Discard();
  }

  void End() {
    StreamHandler* handler = std::exchange(handler_, nullptr);
    Shut();
    if (handler != nullptr) handler->OnEnd();
  }

  void Shut() {
    if (linger_) linger_->cancel();
    unwritten_ = std::string();
    if (socket_ < 0) return;
    if (watched_) asio::use_service<Poller>(loop_.context()).Remove(socket_, this);
    shutdown(socket_, SHUT_RDWR);
    close(std::exchange(socket_, -1));
  }

  Loop& loop_;
  StreamHandler* handler_ = nullptr;
  std::string unwritten_;
  std::string peer_;
  std::unique_ptr<asio::steady_timer> linger_;
  int socket_ = -1;
  bool watched_ = false;
  bool reading_ = true;
  bool readable_ = false;          // an edge came, and EAGAIN has not
  bool ended_ = false;             // the peer has sent its end
  bool waiting_writable_ = false;  // the kernel takes no more until an edge comes
  bool flush_posted_ = false;
  bool read_posted_ = false;
  bool closing_ = false;
};

}  // namespace

std::shared_ptr<Stream> MakeTcpStream(Loop& loop, tcp::socket socket) {
  return std::make_shared<TcpStream>(loop, std::move(socket));
}

}  // namespace chat::net
