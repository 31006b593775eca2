#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libs/mqtt/codec_testing.h"
#include "libs/mqtt/connection.h"

namespace chat::mqtt::testing_support {

// An owner that writes down what a connection does, one line an effect. Sent packets are decoded as
// a client would: "> CONNACK code=0". By itself it answers nothing.
class RecordingOwner final : public ConnectionHandler {
 public:
  // What happened since the last call.
  std::vector<std::string> Take() { return std::exchange(effects_, {}); }
  std::vector<InboundHandle> handles;  // of the requests, in order of arrival
  std::optional<Closed> closed;        // after OnClosed
  int64_t unix_ms = 1'000'000;
  std::vector<PacketType> packets;   // that were decoded
  std::function<void()> on_connect;  // runs inside the callbacks, if set
  std::function<void()> on_publish;

  void OnSend(std::string_view bytes) override {
    Packet packet;
    ProtocolError error;
    DecodeStatus status;
    while ((status = decoder_.Next(bytes, packet, error)) == DecodeStatus::kPacket) {
      effects_.push_back("> " + Describe(packet));
    }
    if (status == DecodeStatus::kError) effects_.push_back(std::string("> bad ") + error.clause);
  }
  void OnPacket(PacketType type) override { packets.push_back(type); }
  // As OnConnect does by itself.
  void Speak(Version version) { decoder_.SetVersion(version); }
  void OnConnect(const Connect& connect) override {
    Speak(connect.version);
    effects_.push_back(Describe(connect));
    if (on_connect) on_connect();
  }
  void OnPublish(const Publish& publish, InboundHandle handle) override {
    effects_.push_back(Describe(publish));
    handles.push_back(handle);
    if (on_publish) on_publish();
  }
  void OnSubscribe(const Subscribe& subscribe) override { effects_.push_back(Describe(subscribe)); }
  void OnUnsubscribe(const Unsubscribe& unsubscribe) override {
    effects_.push_back(Describe(unsubscribe));
  }
  void OnAcknowledged(Token token) override {
    effects_.push_back("acked " + std::to_string(token));
  }
  void OnDrained() override { effects_.push_back("drained"); }
  int64_t UnixNowMs() override { return unix_ms; }
  void OnReadable() override { effects_.push_back("readable"); }
  void OnClosed(Closed why) override {
    effects_.push_back(std::string("closed ") + CauseName(why.cause) + " " + why.error.clause);
    closed = std::move(why);
  }

 private:
  static const char* CauseName(CloseCause cause) {
    switch (cause) {
      case CloseCause::kClientDisconnect:
        return "by client";
      case CloseCause::kNetworkLost:
        return "lost";
      case CloseCause::kProtocolError:
        return "error";
      case CloseCause::kConnectTimeout:
        return "no connect";
      case CloseCause::kKeepAliveTimeout:
        return "silent";
      case CloseCause::kRefused:
        return "refused";
      case CloseCause::kWithheld:
        return "withheld";
      case CloseCause::kOwner:
        return "by owner";
    }
    return "?";
  }

  std::vector<std::string> effects_;
  Decoder decoder_{Role::kClient, 10'000'000};
};

}  // namespace chat::mqtt::testing_support
