#include "libs/mqtt/message.h"

#include "libs/mqtt/codec.h"

namespace chat::mqtt {

namespace {
constexpr size_t kMaxTopic = 65'535;
// Topic length, packet id, and what 5.0 adds for each receiver: subscription identifiers.
constexpr size_t kRoom = 1'048'576;
}  // namespace

Message::Message(Token, std::string_view topic, std::string_view payload,
                 const MessageExtras& extras)
    : expires_at_ms_(extras.expires_at_ms),
      properties_size_(static_cast<uint32_t>(extras.properties.size())),
      topic_size_(static_cast<uint16_t>(topic.size())) {
  bytes_.reserve(topic.size() + extras.properties.size() + payload.size());
  bytes_.append(topic).append(extras.properties).append(payload);
}

SharedMessage Message::Create(std::string_view topic, std::string_view payload,
                              const MessageExtras& extras) {
  if (topic.size() > kMaxTopic) return nullptr;
  const size_t room = kMaxRemainingLength - kRoom - topic.size();
  if (extras.properties.size() > room || payload.size() > room - extras.properties.size()) {
    return nullptr;
  }
  return std::make_shared<const Message>(Token{}, topic, payload, extras);
}

}  // namespace chat::mqtt
