// One accepted byte stream on one loop, whatever carries it. It holds no buffer while nothing is
// unwritten: reading goes through the loop's scratch memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace chat::net {

class StreamHandler {
 public:
  // Valid during the call. After SetReading(false) at most what the loop has read already comes, 64
  // KiB.
  virtual void OnData(std::string_view bytes) = 0;
  // What was unwritten is written.
  virtual void OnFlushed() = 0;
  // The peer ended it or it broke; the last call. Not called after Close().
  virtual void OnEnd() = 0;

 protected:
  ~StreamHandler() = default;
};

// All methods on the loop. The owner destroys it; destruction closes the socket at once.
class Stream {
 public:
  virtual ~Stream() = default;
  // Starts reading. `handler` lives until Close() or OnEnd().
  virtual void Start(StreamHandler& handler) = 0;
  // Queues bytes; they leave at the end of the current handler, together.
  virtual void Write(std::string_view bytes) = 0;
  virtual void SetReading(bool on) = 0;
  // Writes out what is queued (at most `linger_ms`), then closes; no more callbacks. The stream
  // keeps itself alive until then: the owner may let go of it.
  virtual void Close(int64_t linger_ms) = 0;
  // Bytes queued and not yet taken by the kernel.
  virtual size_t unwritten() const = 0;
  // The peer's address without the port.
  virtual const std::string& peer() const = 0;
};

}  // namespace chat::net
