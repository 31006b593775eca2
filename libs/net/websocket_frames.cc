#include "libs/net/websocket_frames.h"

#include <algorithm>

namespace chat::net {

namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kReserved = 0x70;
constexpr uint8_t kMasked = 0x80;
constexpr uint8_t kSize16 = 126;
constexpr uint8_t kSize64 = 127;
constexpr uint64_t kMaxControl = 125;

FrameEvent Error(CloseCode code) {
  FrameEvent event;
  event.kind = FrameEvent::Kind::kError;
  event.code = code;
  return event;
}

bool IsControl(Opcode opcode) { return (static_cast<uint8_t>(opcode) & 8) != 0; }

// RFC 6455 7.4: codes that may stand in a close frame.
bool MayBeSent(uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

// The bytes of the size that follow the second byte of a head.
size_t SizeBytes(uint8_t size) { return size == kSize64 ? 8 : size == kSize16 ? 2 : 0; }

}  // namespace

void AppendFrameHead(Opcode opcode, size_t size, std::string* out) {
  out->push_back(static_cast<char>(kFin | static_cast<uint8_t>(opcode)));
  int bytes = 0;
  if (size < kSize16) {
    out->push_back(static_cast<char>(size));
  } else if (size <= 0xFFFF) {
    out->push_back(static_cast<char>(kSize16));
    bytes = 2;
  } else {
    out->push_back(static_cast<char>(kSize64));
    bytes = 8;
  }
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(uint64_t{size} >> (8 * i)));
}

void AppendCloseFrame(CloseCode code, std::string* out) {
  AppendFrameHead(Opcode::kClose, 2, out);
  out->push_back(static_cast<char>(static_cast<uint16_t>(code) >> 8));
  out->push_back(static_cast<char>(static_cast<uint16_t>(code)));
}

bool FrameReader::ReadHead(std::string_view* input) {
  while (!input->empty()) {
    head_[head_size_++] = static_cast<uint8_t>(input->front());
    input->remove_prefix(1);
    if (head_size_ < 2) continue;
    const size_t mask = (head_[1] & kMasked) != 0 ? 4 : 0;
    if (head_size_ == 2 + SizeBytes(head_[1] & ~kMasked) + mask) return true;
  }
  return false;
}

uint16_t FrameReader::Begin() {
  constexpr auto kProtocol = static_cast<uint16_t>(CloseCode::kProtocolError);
  const uint8_t opcode = head_[0] & 0x0F;
  frame_ = static_cast<Opcode>(opcode);
  final_ = (head_[0] & kFin) != 0;
  if ((head_[0] & kReserved) != 0 || (opcode > 2 && opcode < 8) || opcode > 10) return kProtocol;
  if ((head_[1] & kMasked) == 0) return kProtocol;  // 5.1
  const uint8_t size = head_[1] & ~kMasked;
  const size_t more = SizeBytes(size);
  left_ = more == 0 ? size : 0;
  for (size_t i = 0; i < more; ++i) left_ = left_ << 8 | head_[2 + i];
  const bool minimal = more == 0 || (more == 2 ? left_ >= kSize16 : left_ > 0xFFFF);
  if (!minimal || (left_ >> 63) != 0) return kProtocol;  // 5.2
  std::copy_n(head_.begin() + 2 + static_cast<int>(more), 4, mask_.begin());
  mask_at_ = 0;
  head_size_ = 0;
  in_frame_ = true;
  if (IsControl(frame_)) return final_ && left_ <= kMaxControl ? 0 : kProtocol;  // 5.5
  const bool goes_on = frame_ == Opcode::kContinuation;
  if (goes_on != (message_ != Opcode::kContinuation)) return kProtocol;  // 5.4
  if (!goes_on) {
    message_ = frame_;
    message_size_ = 0;
  }
  if (max_message_ != 0 && left_ > max_message_ - message_size_) {
    return static_cast<uint16_t>(CloseCode::kTooBig);
  }
  if (max_message_ != 0) message_size_ += left_;
  return 0;
}

FrameEvent FrameReader::Next(std::string_view* input, std::span<char> scratch) {
  if (!in_frame_) {
    if (!ReadHead(input)) return {};
    if (const uint16_t code = Begin(); code != 0) return Error(static_cast<CloseCode>(code));
  }
  return IsControl(frame_) ? Control(input, scratch) : Data(input, scratch);
}

FrameEvent FrameReader::Data(std::string_view* input, std::span<char> scratch) {
  const size_t size =
      static_cast<size_t>(std::min<uint64_t>({left_, input->size(), scratch.size()}));
  if (size == 0 && left_ != 0) return {};
  Unmask(input->substr(0, size), scratch.data());
  input->remove_prefix(size);
  left_ -= size;
  FrameEvent event;
  event.kind = FrameEvent::Kind::kPart;
  event.opcode = message_;
  event.bytes = {scratch.data(), size};
  if (left_ == 0) {
    in_frame_ = false;
    event.last = final_;
    if (final_) message_ = Opcode::kContinuation;
  }
  return event;
}

FrameEvent FrameReader::Control(std::string_view* input, std::span<char> scratch) {
  const size_t size = static_cast<size_t>(std::min<uint64_t>(left_, input->size()));
  const size_t before = control_.size();
  control_.resize(before + size);
  Unmask(input->substr(0, size), control_.data() + before);
  input->remove_prefix(size);
  left_ -= size;
  return left_ == 0 ? EndControl(scratch) : FrameEvent();
}

FrameEvent FrameReader::EndControl(std::span<char> scratch) {
  in_frame_ = false;
  const std::string_view payload(scratch.data(), control_.size());
  std::copy(control_.begin(), control_.end(), scratch.begin());
  control_ = std::string();
  FrameEvent event;
  event.bytes = payload;
  event.last = true;
  event.opcode = frame_;
  if (frame_ != Opcode::kClose) {
    event.kind = frame_ == Opcode::kPing ? FrameEvent::Kind::kPing : FrameEvent::Kind::kPong;
    return event;
  }
  event.kind = FrameEvent::Kind::kClose;
  event.code = CloseCode::kNoStatus;
  if (payload.empty()) return event;
  if (payload.size() < 2) return Error(CloseCode::kProtocolError);
  const auto code = static_cast<uint16_t>(static_cast<uint8_t>(payload[0]) << 8 |
                                          static_cast<uint8_t>(payload[1]));
  if (!MayBeSent(code)) return Error(CloseCode::kProtocolError);
  event.code = static_cast<CloseCode>(code);
  return event;
}

void FrameReader::Unmask(std::string_view from, char* to) {
  for (char c : from) {
    *to++ = static_cast<char>(c ^ static_cast<char>(mask_[mask_at_]));
    mask_at_ = (mask_at_ + 1) & 3;
  }
}

}  // namespace chat::net
