// The server's end of one WebSocket (RFC 6455) over any Stream: handshake, frames, pings, close. An
// open connection between frames holds no buffer.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "libs/net/loop.h"
#include "libs/net/stream.h"
#include "libs/net/websocket_frames.h"
#include "libs/net/websocket_handshake.h"

namespace chat::net {

struct WebSocketRules {
  UpgradeRules upgrade;
  uint64_t max_message = 0;  // bytes; 0: unbounded, for handlers that keep nothing
};

class WebSocketHandler {
 public:
  // Bytes of a text or binary message, as they arrive; `last`: the message is complete. Valid
  // during the call.
  virtual void OnPart(Opcode type, std::string_view bytes, bool last) = 0;
  // What was unwritten is written.
  virtual void OnFlushed() {}
  // Closed by the peer, refused or broken; the last call. Not called after Close().
  virtual void OnEnd() = 0;

 protected:
  ~WebSocketHandler() = default;
};

// All methods on the loop. Pings are answered; a client that does not read its pongs gets no more
// of them. A refused handshake and a violation of the framing end the connection by themselves.
class WebSocket final : public StreamHandler, public std::enable_shared_from_this<WebSocket> {
 public:
  // `rules` outlives it.
  WebSocket(std::shared_ptr<Stream> lower, const WebSocketRules& rules);
  // `handler` lives until Close() or OnEnd(). Starts reading; sends may follow the first OnPart.
  void Start(WebSocketHandler& handler);
  // One whole message in one frame.
  void Send(Opcode type, std::string_view payload);
  void SetReading(bool on) { lower_->SetReading(on); }
  // Sends a close frame if the handshake is over, writes out what is queued (at most `linger_ms`),
  // then closes; no more callbacks.
  void Close(CloseCode code, int64_t linger_ms);
  size_t unwritten() const { return lower_->unwritten(); }
  const std::string& peer() const { return lower_->peer(); }

  void OnData(std::string_view bytes) override;
  void OnFlushed() override;
  void OnEnd() override;

 private:
  // Takes the handshake off the front; false: not yet, or refused.
  bool Open(std::string_view* bytes);
  void OnFrame(const FrameEvent& event);
  void Fail(CloseCode code);

  std::shared_ptr<Stream> lower_;
  const WebSocketRules& rules_;
  WebSocketHandler* handler_ = nullptr;
  std::unique_ptr<std::string> head_;  // the request as far as it has come
  FrameReader frames_;
  bool open_ = false;
  bool closed_ = false;
};

// A Stream whose bytes travel in binary messages, cut anywhere (MQTT-6.0.0-1 to 4); a text message
// ends it with 1003.
std::shared_ptr<Stream> MakeWebSocketStream(Loop& loop, std::shared_ptr<Stream> lower,
                                            const WebSocketRules& rules);

}  // namespace chat::net
