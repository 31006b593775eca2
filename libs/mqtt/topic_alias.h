#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/codec.h"

// Topic aliases of one network connection of 5.0 (3.3.2.3.4). Each side numbers for itself.
namespace chat::mqtt {

// The client's numbers. Memory: at most `maximum` topics, as long as the client makes them.
class InboundAliases {
 public:
  // `maximum` is what CONNACK says. Sets publish.topic where the alias stands for it
  // [MQTT5-3.3.2-8] [MQTT5-3.3.2-9]; the view holds until the next call.
  std::optional<ProtocolError> Resolve(Publish& publish, uint16_t maximum);

 private:
  std::vector<std::string> topics_;  // [alias - 1], empty: not set
};

// The server's numbers: the first topics that are worth one get one, later ones take over the
// oldest.
class OutboundAliases {
 public:
  // 0: the client wants none [MQTT5-3.1.2-26] [MQTT5-3.1.2-27].
  explicit OutboundAliases(uint16_t maximum) : maximum_(maximum) {}
  // Sets alias and with_topic; what is framed so must be sent.
  void Frame(std::string_view topic, PublishFraming& framing);

 private:
  std::vector<std::string> topics_;  // [alias - 1]
  uint16_t maximum_;
  uint16_t next_ = 0;
};

}  // namespace chat::mqtt
