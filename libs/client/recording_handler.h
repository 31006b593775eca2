// For the tests of Connection: the effects as lines of text, and a server's packets as bytes.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "libs/client/connection.h"
#include "libs/mqtt/codec.h"

namespace chat::client {

// Writes what happens: "send PUBACK 7", "connected", "acknowledged 3", "publish topic=payload qos",
// "ended <status>". Packets to the server are decoded by the server's side of libs/mqtt.
class RecordingHandler final : public ConnectionHandler {
 public:
  void OnSend(std::string_view bytes) override {
    mqtt::Packet packet;
    mqtt::ProtocolError error;
    sent_ += std::string(bytes);
    while (decoder_.Next(bytes, packet, error) == mqtt::DecodeStatus::kPacket) {
      lines_.push_back("send " + Name(packet));
    }
    ASSERT_STREQ(error.text, "");
  }
  void OnConnected(bool session_present) override {
    lines_.push_back(session_present ? "connected to a stored session" : "connected");
  }
  void OnAcknowledged(mqtt::PacketId id) override {
    lines_.push_back("acknowledged " + std::to_string(static_cast<int>(id)));
  }
  void OnPublish(const mqtt::Publish& publish, Ticket ticket) override {
    lines_.push_back("publish " + std::string(publish.topic) + "=" + std::string(publish.payload) +
                     (publish.dup ? " again" : ""));
    tickets_.push_back(ticket);
  }
  void OnEnded(const absl::Status& why) override {
    lines_.push_back("ended");
    ended_ = why;
  }

  // What has happened since the last call.
  std::vector<std::string> Take() { return std::exchange(lines_, {}); }
  const std::vector<Ticket>& tickets() const { return tickets_; }
  const absl::Status& ended() const { return ended_; }
  const std::string& sent() const { return sent_; }
  // A new network connection begins.
  void Restart() { decoder_ = mqtt::Decoder(mqtt::Role::kServer, 1 << 20); }

 private:
  static std::string Id(mqtt::PacketId id) { return std::to_string(static_cast<int>(id)); }
  static std::string Name(const mqtt::Packet& packet) {
    if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) {
      return "CONNECT " + std::string(connect->client_id) +
             (connect->clean_session ? " clean" : "");
    }
    if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
      return "PUBLISH " + Id(publish->id) + (publish->dup ? " again" : "");
    }
    if (const auto* ack = std::get_if<mqtt::Puback>(&packet)) return "PUBACK " + Id(ack->id);
    if (const auto* ack = std::get_if<mqtt::Pubrec>(&packet)) return "PUBREC " + Id(ack->id);
    if (const auto* ack = std::get_if<mqtt::Pubrel>(&packet)) return "PUBREL " + Id(ack->id);
    if (const auto* ack = std::get_if<mqtt::Pubcomp>(&packet)) return "PUBCOMP " + Id(ack->id);
    if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
      std::string text = "SUBSCRIBE " + Id(subscribe->id);
      for (const mqtt::Subscription& item : subscribe->subscriptions) {
        text += " " + std::string(item.filter) + "@" + std::to_string(static_cast<int>(item.qos));
      }
      return text;
    }
    if (std::holds_alternative<mqtt::Pingreq>(packet)) return "PINGREQ";
    if (std::holds_alternative<mqtt::Disconnect>(packet)) return "DISCONNECT";
    return "something else";
  }

  mqtt::Decoder decoder_{mqtt::Role::kServer, 1 << 20};
  std::vector<std::string> lines_;
  std::vector<Ticket> tickets_;
  absl::Status ended_;
  std::string sent_;
};

inline std::string Bytes(const mqtt::Packet& packet) {
  std::string bytes;
  mqtt::Encode(packet, mqtt::Version::k311, bytes);
  return bytes;
}

inline std::string ServerConnack(bool session_present, uint8_t code = 0) {
  mqtt::Connack connack;
  connack.session_present = session_present;
  connack.code = code;
  return Bytes(connack);
}

inline std::string ServerPublish(std::string_view topic, std::string_view payload, int id,
                                 mqtt::Qos qos, bool dup = false) {
  mqtt::Publish publish;
  publish.topic = topic;
  publish.payload = payload;
  publish.qos = qos;
  publish.dup = dup;
  publish.id = mqtt::PacketId{static_cast<uint16_t>(id)};
  return Bytes(publish);
}

inline std::string ServerSuback(int id, std::vector<uint8_t> codes) {
  mqtt::Suback suback;
  suback.id = mqtt::PacketId{static_cast<uint16_t>(id)};
  suback.codes = std::move(codes);
  return Bytes(suback);
}

inline std::string ServerAck(mqtt::PacketType type, int id) {
  std::string bytes;
  mqtt::EncodeAck(type, mqtt::PacketId{static_cast<uint16_t>(id)}, bytes);
  return bytes;
}

}  // namespace chat::client
