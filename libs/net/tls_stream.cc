#include "libs/net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "libs/metrics/metrics.h"

namespace chat::net {

namespace {

constexpr int64_t kAlertLingerMs = 2000;
constexpr size_t kMaxPlain = 16 * 1024;  // of one record

void CountHandshake(bool done) {
  static prometheus::Counter& good =
      metrics::Counter("chat_tls_handshakes_total", "TLS handshakes by result", {{"result", "ok"}});
  static prometheus::Counter& bad = metrics::Counter(
      "chat_tls_handshakes_total", "TLS handshakes by result", {{"result", "failed"}});
  (done ? good : bad).Increment();
}

class TlsStream final : public Stream,
                        public StreamHandler,
                        public std::enable_shared_from_this<TlsStream> {
 public:
  TlsStream(Loop& loop, std::shared_ptr<Stream> lower, const TlsContext& context)
      : loop_(loop), lower_(std::move(lower)), ssl_(context.NewConnection()) {
    BIO* bio = BIO_new(Method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
  }

  ~TlsStream() {
    if (ssl_ == nullptr) return;
    Free();
    lower_->Close(0);
  }

  void Start(StreamHandler& handler) override {
    handler_ = &handler;
    lower_->Start(*this);
  }

  void Write(std::string_view bytes) override {
    if (ssl_ == nullptr) return;
    plain_ += bytes;
    if (std::exchange(posted_, true)) return;
    boost::asio::post(loop_.context(), [self = shared_from_this()] {
      self->posted_ = false;
      self->Encrypt();
    });
  }

  void SetReading(bool on) override {
    if (ssl_ != nullptr) lower_->SetReading(on);
  }

  void Close(int64_t linger_ms) override {
    handler_ = nullptr;
    if (ssl_ == nullptr) return;
    Encrypt();
    if (ssl_ == nullptr) return;
    ERR_clear_error();
    if (open_) SSL_shutdown(ssl_);
    Free();
    lower_->Close(linger_ms);
  }

  size_t unwritten() const override { return plain_.size() + lower_->unwritten(); }
  const std::string& peer() const override { return lower_->peer(); }

  void OnData(std::string_view bytes) override {
    const auto self = shared_from_this();  // a handler may let go of it
    arrived_ = bytes;
    if (Handshake()) Decrypt();
    arrived_ = {};
  }

  void OnFlushed() override {
    if (handler_ != nullptr && open_ && plain_.empty()) handler_->OnFlushed();
  }

  void OnEnd() override {
    if (!open_) CountHandshake(false);
    Free();
    if (StreamHandler* handler = std::exchange(handler_, nullptr)) handler->OnEnd();
  }

 private:
  // ---- the two ends that OpenSSL reads from and writes to
  static BIO_METHOD* Method() {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "chat stream");
      BIO_meth_set_read(made, ReadArrived);
      BIO_meth_set_write(made, WriteLower);
      BIO_meth_set_ctrl(made, [](BIO*, int command, long, void*) -> long {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
      });
      return made;
    }();
    return method;
  }

  static int ReadArrived(BIO* bio, char* out, int size) {
    auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self->arrived_.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const size_t taken = self->arrived_.copy(out, static_cast<size_t>(size));
    self->arrived_.remove_prefix(taken);
    return static_cast<int>(taken);
  }

  static int WriteLower(BIO* bio, const char* bytes, int size) {
    auto* self = static_cast<TlsStream*>(BIO_get_data(bio));
    self->lower_->Write({bytes, static_cast<size_t>(size)});
    return size;
  }

  // True once the handshake is over.
  bool Handshake() {
    if (open_ || ssl_ == nullptr) return open_;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) {
      open_ = true;
      CountHandshake(true);
      Encrypt();
      return true;
    }
    if (SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ) Break();
    return false;
  }

  void Decrypt() {
    static thread_local std::array<char, kMaxPlain> plain;
    while (ssl_ != nullptr) {
      ERR_clear_error();
      const int size = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
      if (size > 0) {
        handler_->OnData({plain.data(), static_cast<size_t>(size)});
        continue;
      }
      // Anything but a record that is not complete: close_notify, or a violation and its alert.
      if (SSL_get_error(ssl_, size) != SSL_ERROR_WANT_READ) Break();
      return;
    }
  }

  void Encrypt() {
    if (ssl_ == nullptr || !open_ || plain_.empty()) return;
    ERR_clear_error();
    const std::string plain = std::exchange(plain_, std::string());
    // Writing into the lower stream's queue never waits.
    if (SSL_write(ssl_, plain.data(), static_cast<int>(plain.size())) <= 0) Break();
  }

  void Break() {
    StreamHandler* handler = std::exchange(handler_, nullptr);
    if (!open_) CountHandshake(false);
    Free();
    lower_->Close(kAlertLingerMs);
    if (handler != nullptr) handler->OnEnd();
  }

  void Free() {
    ERR_clear_error();
    SSL_free(std::exchange(ssl_, nullptr));
    plain_ = std::string();
  }

  Loop& loop_;
  std::shared_ptr<Stream> lower_;
  SSL* ssl_;
  StreamHandler* handler_ = nullptr;
  std::string_view arrived_;  // not yet taken by OpenSSL
  std::string plain_;         // not yet given to OpenSSL
  bool open_ = false;
  bool posted_ = false;
};

}  // namespace

std::shared_ptr<Stream> MakeTlsStream(Loop& loop, std::shared_ptr<Stream> lower,
                                      const TlsContext& context) {
  return std::make_shared<TlsStream>(loop, std::move(lower), context);
}

}  // namespace chat::net
