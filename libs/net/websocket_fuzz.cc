#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "libs/net/websocket_frames.h"
#include "libs/net/websocket_handshake.h"

// Any bytes to the handshake and to the frames, in any split: the same answer, the same messages
// and the same error as in one piece, bounded, and every accepted handshake names a sub-protocol.
// First byte: bit 0 handshake or frames, bit 1 whether messages are bounded, the rest the size of
// the pieces.

namespace {

using chat::net::FrameEvent;
using chat::net::FrameReader;
using chat::net::ReadUpgrade;
using chat::net::Upgrade;
using chat::net::UpgradeRules;

constexpr uint64_t kMaxMessage = 1000;

void Require(bool invariant) {
  if (!invariant) std::abort();
}

void Handshake(std::string_view bytes, size_t step) {
  const UpgradeRules rules{"/mqtt", true, "mqtt"};
  const Upgrade whole = ReadUpgrade(bytes, rules);
  Upgrade pieces;
  for (size_t end = 0; end < bytes.size() && pieces.state == Upgrade::State::kNeedMore;) {
    end = std::min(bytes.size(), end + step);
    pieces = ReadUpgrade(bytes.substr(0, end), rules);
  }
  Require(whole.state == pieces.state || bytes.empty());
  Require(whole.answer == pieces.answer);
  Require(whole.consumed == pieces.consumed && whole.consumed <= bytes.size());
  Require(whole.answer.empty() == (whole.state == Upgrade::State::kNeedMore));
  if (whole.state != Upgrade::State::kAccepted) return;
  Require(whole.answer.find("\r\nSec-WebSocket-Protocol: mqtt") != std::string::npos);
  Require(whole.answer.find("\r\n\r\n") == whole.answer.size() - 4);
}

// What came: messages with their opcode and control frames, in order, and how it ended.
struct Seen {
  std::vector<std::string> messages;
  int end = 0;
  bool operator==(const Seen&) const = default;
};

Seen Frames(std::string_view bytes, size_t step, uint64_t max_message) {
  Seen seen;
  FrameReader reader(max_message);
  std::array<char, 200> scratch;
  std::string message;
  for (size_t begin = 0; begin < bytes.size(); begin += step) {
    std::string_view input = bytes.substr(begin, step);
    while (true) {
      const FrameEvent event = reader.Next(&input, scratch);
      if (event.kind == FrameEvent::Kind::kNeedMore) break;
      if (event.kind == FrameEvent::Kind::kPart) {
        message += event.bytes;
        Require(max_message == 0 || message.size() <= max_message);
        if (!event.last) continue;
        seen.messages.push_back(std::to_string(static_cast<int>(event.opcode)) + message);
        message.clear();
        continue;
      }
      Require(event.bytes.size() <= 125);
      seen.messages.push_back("control " + std::string(event.bytes));
      if (event.kind == FrameEvent::Kind::kPing || event.kind == FrameEvent::Kind::kPong) continue;
      seen.end = static_cast<int>(event.code);
      seen.messages.push_back(message);
      return seen;
    }
    Require(input.empty());
  }
  seen.messages.push_back(message);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t step = 1 + (data[0] >> 2) % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & 1) == 0) {
    Handshake(bytes, step);
    return 0;
  }
  const uint64_t max_message = (data[0] & 2) == 0 ? 0 : kMaxMessage;
  Require(Frames(bytes, bytes.size() + 1, max_message) == Frames(bytes, step, max_message));
  return 0;
}
