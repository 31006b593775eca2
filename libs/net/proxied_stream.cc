#include "libs/net/proxied_stream.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "libs/metrics/metrics.h"
#include "libs/net/proxy_header.h"

namespace chat::net {

namespace {

// What is behind the header: the lower stream under another name, after the bytes that came with
// the header.
class ProxiedStream final : public Stream, public std::enable_shared_from_this<ProxiedStream> {
 public:
  ProxiedStream(Loop& loop, std::shared_ptr<Stream> lower, std::string peer, std::string first)
      : loop_(loop), lower_(std::move(lower)), peer_(std::move(peer)), first_(std::move(first)) {}

  void Start(StreamHandler& handler) override {
    handler_ = &handler;
    lower_->Start(handler);
    boost::asio::post(loop_.context(), [self = shared_from_this()] { self->HandOverFirst(); });
  }
  void Write(std::string_view bytes) override { lower_->Write(bytes); }
  void SetReading(bool on) override {
    reading_ = on;
    if (handed_over_) lower_->SetReading(on);
  }
  void Close(int64_t linger_ms) override {
    handler_ = nullptr;
    lower_->Close(linger_ms);
  }
  size_t unwritten() const override { return lower_->unwritten(); }
  const std::string& peer() const override { return peer_; }

 private:
  // The lower stream does not read before.
  void HandOverFirst() {
    handed_over_ = true;
    const std::string first = std::exchange(first_, std::string());
    if (handler_ != nullptr && !first.empty()) handler_->OnData(first);
    if (handler_ != nullptr) lower_->SetReading(reading_);
  }

  Loop& loop_;
  std::shared_ptr<Stream> lower_;
  StreamHandler* handler_ = nullptr;
  std::string peer_;
  std::string first_;
  bool reading_ = true;
  bool handed_over_ = false;
};

// Lives as long as its timer waits.
class HeaderReader final : public StreamHandler, public std::enable_shared_from_this<HeaderReader> {
 public:
  HeaderReader(Loop& loop, std::shared_ptr<Stream> stream,
               std::function<void(std::shared_ptr<Stream>)> ready)
      : loop_(loop), timer_(loop.context()), stream_(std::move(stream)), ready_(std::move(ready)) {}

  void Start(int64_t timeout_ms) {
    timer_.expires_after(std::chrono::milliseconds(timeout_ms));
    timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error) self->Refuse();
    });
    stream_->Start(*this);
  }

  void OnData(std::string_view bytes) override {
    input_ += bytes;
    ProxyHeader header = ReadProxyHeader(input_);
    if (header.state == ProxyHeader::State::kNeedMore) return;
    timer_.cancel();
    if (header.state == ProxyHeader::State::kBad) return Refuse();
    stream_->SetReading(false);
    if (header.source.empty()) header.source = stream_->peer();
    ready_(std::make_shared<ProxiedStream>(loop_, std::move(stream_), std::move(header.source),
                                           input_.substr(header.consumed)));
  }
  void OnFlushed() override {}
  void OnEnd() override {
    stream_.reset();
    timer_.cancel();
  }

 private:
  void Refuse() {
    if (stream_ == nullptr) return;
    static prometheus::Counter& refused =
        metrics::Counter("chat_proxy_headers_refused_total",
                         "Connections closed because no good PROXY header came in time");
    refused.Increment();
    std::exchange(stream_, nullptr)->Close(0);
  }

  Loop& loop_;
  boost::asio::steady_timer timer_;
  std::shared_ptr<Stream> stream_;
  std::function<void(std::shared_ptr<Stream>)> ready_;
  std::string input_;
};

}  // namespace

void AcceptProxied(Loop& loop, std::shared_ptr<Stream> stream, int64_t timeout_ms,
                   std::function<void(std::shared_ptr<Stream>)> ready) {
  std::make_shared<HeaderReader>(loop, std::move(stream), std::move(ready))->Start(timeout_ms);
}

}  // namespace chat::net
