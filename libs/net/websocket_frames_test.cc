#include "libs/net/websocket_frames.h"

#include <gtest/gtest.h>

#include <vector>

namespace chat::net {
namespace {

constexpr uint8_t kFin = 0x80;

// A client's frame. `size_form`: 0 the shortest, 2 or 8 the bytes of the size that follow.
std::string Frame(uint8_t first, const std::string& payload, int size_form = 0,
                  bool masked = true) {
  if (size_form == 0 && payload.size() > 125) size_form = payload.size() > 0xFFFF ? 8 : 2;
  std::string out(1, static_cast<char>(first));
  const uint8_t mask_bit = masked ? 0x80 : 0;
  const uint8_t size = size_form == 0   ? static_cast<uint8_t>(payload.size())
                       : size_form == 2 ? 126
                                        : 127;
  out += static_cast<char>(size | mask_bit);
  for (int i = size_form - 1; i >= 0; --i) {
    out += static_cast<char>(uint64_t{payload.size()} >> (8 * i));
  }
  if (!masked) return out + payload;
  const std::string mask = "\x11\x22\x33\x44";
  out += mask;
  for (size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

// Events as text: "T:", "B:" whole messages, "ping:", "pong:", "close:code", "error:code".
std::vector<std::string> Read(const std::string& bytes, size_t step = 1'000'000,
                              uint64_t max_message = 0) {
  std::vector<std::string> out;
  FrameReader reader(max_message);
  std::array<char, 128> scratch;
  std::string message;
  for (size_t begin = 0; begin < bytes.size(); begin += step) {
    std::string_view input = std::string_view(bytes).substr(begin, step);
    for (;;) {
      const FrameEvent event = reader.Next(&input, scratch);
      const std::string code = std::to_string(static_cast<int>(event.code));
      switch (event.kind) {
        case FrameEvent::Kind::kPart:
          message += event.bytes;
          if (!event.last) continue;
          out.push_back((event.opcode == Opcode::kText ? "T:" : "B:") + message);
          message.clear();
          continue;
        case FrameEvent::Kind::kPing:
          out.push_back("ping:" + std::string(event.bytes));
          continue;
        case FrameEvent::Kind::kPong:
          out.push_back("pong:" + std::string(event.bytes));
          continue;
        case FrameEvent::Kind::kClose:
          out.push_back("close:" + code);
          return out;
        case FrameEvent::Kind::kError:
          out.push_back("error:" + code);
          return out;
        case FrameEvent::Kind::kNeedMore:
          break;
      }
      break;
    }
  }
  return out;
}

using Events = std::vector<std::string>;

TEST(WebSocketFramesTest, MessagesOfAnySizeArriveWholeInAnySplit) {
  for (size_t size : {0u, 1u, 125u, 126u, 127u, 65535u, 65536u, 70000u}) {
    const std::string payload(size, 'p');
    const std::string bytes = Frame(kFin | 2, payload) + Frame(kFin | 1, "end");
    for (size_t step : {1u, 3u, 1000u, 1'000'000u}) {
      EXPECT_EQ(Read(bytes, step), (Events{"B:" + payload, "T:end"})) << size << " by " << step;
    }
  }
}

TEST(WebSocketFramesTest, AMessageMayComeInFragmentsWithPingsBetweenThem) {
  const std::string bytes = Frame(2, "one ") + Frame(kFin | 9, "?") + Frame(0, "two ") +
                            Frame(kFin | 10, "!") + Frame(kFin | 0, "three");
  for (size_t step : {1u, 1'000'000u}) {
    EXPECT_EQ(Read(bytes, step), (Events{"ping:?", "pong:!", "B:one two three"}));
  }
}

TEST(WebSocketFramesTest, CloseFramesSayWhy) {
  EXPECT_EQ(Read(Frame(kFin | 8, "")), Events{"close:1005"});
  EXPECT_EQ(Read(Frame(kFin | 8, "\x03\xE8 bye")), Events{"close:1000"});
  EXPECT_EQ(Read(Frame(kFin | 8, "\x0F\xA0")), Events{"close:4000"});
  EXPECT_EQ(Read(Frame(kFin | 8, "x")), Events{"error:1002"});
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
    const std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    EXPECT_EQ(Read(Frame(kFin | 8, payload)), Events{"error:1002"}) << code;
  }
}

TEST(WebSocketFramesTest, WhatTheStandardForbidsIsAProtocolError) {
  const Events error{"error:1002"};
  EXPECT_EQ(Read(Frame(kFin | 2, "x", 0, false)), error) << "not masked";
  EXPECT_EQ(Read(Frame(kFin | 0x40 | 2, "x")), error) << "a reserved bit";
  for (uint8_t opcode : {3, 7, 11, 15}) EXPECT_EQ(Read(Frame(kFin | opcode, "")), error);
  EXPECT_EQ(Read(Frame(9, "x")), error) << "a fragmented ping";
  EXPECT_EQ(Read(Frame(kFin | 9, std::string(126, 'x'))), error) << "a large ping";
  EXPECT_EQ(Read(Frame(kFin | 0, "x")), error) << "nothing goes on";
  EXPECT_EQ(Read(Frame(2, "x") + Frame(kFin | 2, "y")), error) << "the last one is not over";
  EXPECT_EQ(Read(Frame(kFin | 2, "x", 2)), error) << "two bytes for a small size";
  EXPECT_EQ(Read(Frame(kFin | 2, std::string(1000, 'x'), 8)), error) << "eight bytes for 1000";
  EXPECT_EQ(Read("\x82\xFF\x80" + std::string(11, 0)), error) << "a size of 2^63";
}

TEST(WebSocketFramesTest, ABoundedMessageThatIsTooBigEndsWithItsHead) {
  EXPECT_EQ(Read(Frame(kFin | 2, std::string(10, 'x')), 1000, 10).size(), 1u);
  EXPECT_EQ(Read(Frame(kFin | 2, std::string(11, 'x')).substr(0, 6), 1000, 10),
            Events{"error:1009"});
  EXPECT_EQ(Read(Frame(2, "12345") + Frame(0, "12345") + Frame(kFin | 0, "x"), 1000, 10),
            Events{"error:1009"});
  const std::string giant("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14);
  EXPECT_EQ(Read(giant, 1000, 10), Events{"error:1009"});
  EXPECT_EQ(Read(giant + "some", 1000, 0), Events{}) << "unbounded: the bytes are passed on";
}

TEST(WebSocketFramesTest, OurFramesAreWholeAndNotMasked) {
  const auto head = [](size_t size) {
    std::string out;
    AppendFrameHead(Opcode::kBinary, size, &out);
    return out;
  };
  EXPECT_EQ(head(125), "\x82\x7D");
  EXPECT_EQ(head(126), std::string("\x82\x7E\0\x7E", 4));
  EXPECT_EQ(head(0xFFFF), "\x82\x7E\xFF\xFF");
  EXPECT_EQ(head(0x10000), std::string("\x82\x7F\0\0\0\0\0\1\0\0", 10));
  std::string close;
  AppendCloseFrame(CloseCode::kTooBig, &close);
  EXPECT_EQ(close, "\x88\x02\x03\xF1");
}

}  // namespace
}  // namespace chat::net
