#include <boost/asio/post.hpp>
#include <utility>

#include "libs/net/websocket.h"

namespace chat::net {

namespace {

class WebSocketStream final : public Stream,
                              public WebSocketHandler,
                              public std::enable_shared_from_this<WebSocketStream> {
 public:
  WebSocketStream(Loop& loop, std::shared_ptr<Stream> lower, const WebSocketRules& rules)
      : loop_(loop), socket_(std::make_shared<WebSocket>(std::move(lower), rules)) {}
  ~WebSocketStream() {
    if (handler_ != nullptr) socket_->Close(CloseCode::kGoingAway, 0);
  }

  void Start(StreamHandler& handler) override {
    handler_ = &handler;
    socket_->Start(*this);
  }

  void Write(std::string_view bytes) override {
    if (ended_) return;
    gathered_ += bytes;
    if (std::exchange(posted_, true)) return;
    boost::asio::post(loop_.context(), [self = shared_from_this()] { self->Flush(); });
  }

  void SetReading(bool on) override {
    if (!ended_) socket_->SetReading(on);
  }

  void Close(int64_t linger_ms) override {
    if (std::exchange(ended_, true)) return;
    handler_ = nullptr;
    Flush();
    socket_->Close(CloseCode::kNormal, linger_ms);
  }

  size_t unwritten() const override { return gathered_.size() + socket_->unwritten(); }
  const std::string& peer() const override { return socket_->peer(); }

  void OnPart(Opcode type, std::string_view bytes, bool) override {
    if (type == Opcode::kBinary) {
      if (!bytes.empty()) handler_->OnData(bytes);
      return;
    }
    socket_->Close(CloseCode::kUnsupportedData, 2000);  // MQTT-6.0.0-1
    OnEnd();
  }

  void OnFlushed() override {
    if (handler_ != nullptr && gathered_.empty()) handler_->OnFlushed();
  }

  void OnEnd() override {
    ended_ = true;
    gathered_ = std::string();
    StreamHandler* handler = std::exchange(handler_, nullptr);
    if (handler != nullptr) handler->OnEnd();
  }

 private:
  // What was written since the last handler, in one frame.
  void Flush() {
    posted_ = false;
    if (gathered_.empty()) return;
    socket_->Send(Opcode::kBinary, gathered_);
    gathered_ = std::string();
  }

  Loop& loop_;
  std::shared_ptr<WebSocket> socket_;
  StreamHandler* handler_ = nullptr;
  std::string gathered_;
  bool posted_ = false;
  bool ended_ = false;
};

}  // namespace

std::shared_ptr<Stream> MakeWebSocketStream(Loop& loop, std::shared_ptr<Stream> lower,
                                            const WebSocketRules& rules) {
  return std::make_shared<WebSocketStream>(loop, std::move(lower), rules);
}

}  // namespace chat::net
