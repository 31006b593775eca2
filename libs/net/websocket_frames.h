// Frames of a WebSocket server (RFC 6455 section 5): masked ones in, unmasked ones out. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace chat::net {

enum class Opcode : uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10
};

// Codes of a close frame (RFC 6455 7.4.1) that a server sends.
enum class CloseCode : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kUnsupportedData = 1003,
  kNoStatus = 1005,  // never sent
  kInvalidPayload = 1007,
  kPolicy = 1008,
  kTooBig = 1009,
  kInternal = 1011,
};

// Appends the head of a whole unmasked frame; `size` bytes of payload follow.
void AppendFrameHead(Opcode opcode, size_t size, std::string* out);
// Appends a close frame.
void AppendCloseFrame(CloseCode code, std::string* out);

struct FrameEvent {
  enum class Kind {
    kNeedMore,
    kPart,  // bytes of a message of `opcode`; `last`: the message is complete
    kPing,  // to be answered with a pong of the same bytes
    kPong,
    kClose,  // `code` is the peer's
    kError,  // the connection is to be closed with `code`
  };
  Kind kind = Kind::kNeedMore;
  Opcode opcode = Opcode::kBinary;
  std::string_view bytes;
  bool last = false;
  CloseCode code = CloseCode::kNormal;
};

// Takes the frames of one client apart. Between frames it holds no buffer; of data frames it never
// holds the payload, of control frames at most 125 bytes.
class FrameReader {
 public:
  // A message of more than `max_message` bytes is an error (1009) when its head arrives; 0: no
  // bound, for those who pass the bytes on.
  explicit FrameReader(uint64_t max_message) : max_message_(max_message) {}

  // Takes bytes off the front of `input` up to the next event. The event's bytes lie in `scratch`
  // (at least 125 bytes). After kError and kClose it must not be called.
  FrameEvent Next(std::string_view* input, std::span<char> scratch);

 private:
  static constexpr size_t kMaxHead = 14;

  bool ReadHead(std::string_view* input);
  // Judges a complete head; 0 if it is well formed.
  uint16_t Begin();
  FrameEvent Data(std::string_view* input, std::span<char> scratch);
  FrameEvent Control(std::string_view* input, std::span<char> scratch);
  FrameEvent EndControl(std::span<char> scratch);
  void Unmask(std::string_view from, char* to);

  uint64_t max_message_;
  uint64_t message_size_ = 0;  // of the frames of the present message
  uint64_t left_ = 0;          // of the present frame's payload
  std::string control_;        // payload of the present control frame
  std::array<uint8_t, kMaxHead> head_{};
  std::array<uint8_t, 4> mask_{};
  uint8_t head_size_ = 0;
  uint8_t mask_at_ = 0;
  bool in_frame_ = false;
  bool final_ = false;
  Opcode frame_ = Opcode::kContinuation;
  Opcode message_ = Opcode::kContinuation;  // of the unfinished message; kContinuation: none
};

}  // namespace chat::net
