#pragma once

#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/mqtt/session.h"

namespace chat::mqtt::testing_support {

// Writes down what a session does, one line an effect: "PUBLISH a q=1 id=1 dup", "PUBREL 3",
// "acked 7", "drained", "withheld 0x83", "receptive". A reason other than success follows an
// acknowledgement in hexadecimal: "PUBREC 5 87".
class RecordingLink final : public SessionLink {
 public:
  // Payloads that count as expired or too large.
  std::set<std::string> unsendable;

  // What happened since the last call.
  std::vector<std::string> Take() { return std::exchange(effects_, {}); }

  bool Sendable(const PublishHead&, const Message& message) override {
    return unsendable.count(std::string(message.payload())) == 0;
  }
  void SendPublish(const PublishHead& head, const SharedMessage& message) override {
    std::string line = "PUBLISH " + std::string(message->payload()) +
                       " q=" + std::to_string(static_cast<int>(head.qos));
    if (head.id != kNoPacketId) line += " id=" + std::to_string(static_cast<int>(head.id));
    if (head.dup) line += " dup";
    if (head.retain) line += " retain";
    if (head.subscriptions != nullptr) {
      for (const uint32_t id : *head.subscriptions) line += " sub=" + std::to_string(id);
    }
    effects_.push_back(line);
  }
  void SendAck(PacketType type, PacketId id, Reason reason) override {
    const char* name = type == PacketType::kPuback   ? "PUBACK "
                       : type == PacketType::kPubrec ? "PUBREC "
                       : type == PacketType::kPubrel ? "PUBREL "
                                                     : "PUBCOMP ";
    std::string line = name + std::to_string(static_cast<int>(id));
    if (reason != Reason::kSuccess) {
      char text[4];
      std::snprintf(text, sizeof text, " %02X", static_cast<unsigned>(reason));
      line += text;
    }
    effects_.push_back(line);
  }
  void Acknowledged(Token token) override { effects_.push_back("acked " + std::to_string(token)); }
  void Drained() override { effects_.push_back("drained"); }
  void Withheld(Reason) override { effects_.push_back("withheld"); }
  void Receptive() override { effects_.push_back("receptive"); }

 private:
  std::vector<std::string> effects_;
};

inline SharedMessage Text(std::string_view payload) { return Message::Create("t", payload); }

inline Publish Request(Qos qos, uint16_t id, bool dup = false) {
  return {.topic = "events/1//api",
          .payload = "x",
          .qos = qos,
          .retain = false,
          .dup = dup,
          .id = PacketId{id},
          .properties = {}};
}

}  // namespace chat::mqtt::testing_support
