#include "libs/net/websocket.h"

#include <array>
#include <utility>

#include "libs/metrics/metrics.h"

namespace chat::net {

namespace {

constexpr int64_t kLingerMs = 2000;
// Pongs stop while the client leaves so much unread (RFC 6455 5.5.3 asks for the latest only).
constexpr size_t kMaxUnreadPongs = 16 * 1024;

// Unmasked payload lies here while its handler looks at it; a loop is one thread.
std::span<char> Scratch() {
  static thread_local std::array<char, 16 * 1024> scratch;
  return scratch;
}

void CountHandshake(bool accepted) {
  static prometheus::Counter& good = metrics::Counter(
      "chat_websocket_handshakes_total", "WebSocket handshakes by result", {{"result", "ok"}});
  static prometheus::Counter& bad = metrics::Counter(
      "chat_websocket_handshakes_total", "WebSocket handshakes by result", {{"result", "refused"}});
  (accepted ? good : bad).Increment();
}

}  // namespace

WebSocket::WebSocket(std::shared_ptr<Stream> lower, const WebSocketRules& rules)
    : lower_(std::move(lower)), rules_(rules), frames_(rules.max_message) {}

void WebSocket::Start(WebSocketHandler& handler) {
  handler_ = &handler;
  lower_->Start(*this);
}

void WebSocket::Send(Opcode type, std::string_view payload) {
  if (closed_ || !open_) return;
  std::string head;
  AppendFrameHead(type, payload.size(), &head);
  lower_->Write(head);
  lower_->Write(payload);
}

void WebSocket::Close(CloseCode code, int64_t linger_ms) {
  if (std::exchange(closed_, true)) return;
  handler_ = nullptr;
  head_.reset();
  if (open_) {
    std::string frame;
    AppendCloseFrame(code, &frame);
    lower_->Write(frame);
  }
  lower_->Close(linger_ms);
}

void WebSocket::OnData(std::string_view bytes) {
  const auto self = shared_from_this();  // a handler may let go of it
  if (!open_ && !Open(&bytes)) return;
  while (!closed_) {
    const FrameEvent event = frames_.Next(&bytes, Scratch());
    if (event.kind == FrameEvent::Kind::kNeedMore) return;
    OnFrame(event);
  }
}

bool WebSocket::Open(std::string_view* bytes) {
  const size_t before = head_ == nullptr ? 0 : head_->size();
  std::string_view input = *bytes;
  if (head_ != nullptr) input = head_->append(*bytes);
  Upgrade upgrade = ReadUpgrade(input, rules_.upgrade);
  switch (upgrade.state) {
    case Upgrade::State::kNeedMore:
      if (head_ == nullptr) head_ = std::make_unique<std::string>(input);
      return false;
    case Upgrade::State::kRefused: {
      CountHandshake(false);
      lower_->Write(upgrade.answer);
      WebSocketHandler* handler = handler_;
      Close(CloseCode::kNormal, kLingerMs);
      if (handler != nullptr) handler->OnEnd();
      return false;
    }
    case Upgrade::State::kAccepted:
      CountHandshake(true);
      lower_->Write(upgrade.answer);
      bytes->remove_prefix(upgrade.consumed - before);
      head_.reset();
      open_ = true;
      return true;
  }
  return false;
}

void WebSocket::OnFrame(const FrameEvent& event) {
  switch (event.kind) {
    case FrameEvent::Kind::kPart:
      return handler_->OnPart(event.opcode, event.bytes, event.last);
    case FrameEvent::Kind::kPing:
      if (lower_->unwritten() < kMaxUnreadPongs) Send(Opcode::kPong, event.bytes);
      return;
    case FrameEvent::Kind::kClose:
      return Fail(event.code == CloseCode::kNoStatus ? CloseCode::kNormal : event.code);
    case FrameEvent::Kind::kError:
      return Fail(event.code);
    case FrameEvent::Kind::kPong:
    case FrameEvent::Kind::kNeedMore:
      return;
  }
}

void WebSocket::Fail(CloseCode code) {
  WebSocketHandler* handler = handler_;
  Close(code, kLingerMs);
  if (handler != nullptr) handler->OnEnd();
}

void WebSocket::OnFlushed() {
  if (handler_ != nullptr) handler_->OnFlushed();
}

void WebSocket::OnEnd() {
  WebSocketHandler* handler = std::exchange(handler_, nullptr);
  closed_ = true;
  head_.reset();
  if (handler != nullptr) handler->OnEnd();
}

}  // namespace chat::net
