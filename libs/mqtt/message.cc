#include "libs/mqtt/message.h"

#include "libs/mqtt/codec.h"

namespace chat::mqtt {

namespace {
constexpr size_t kMaxTopic = 65'535;
constexpr size_t kTopicLengthAndId = 4;
}  // namespace

Message::Message(Token, std::string_view topic, std::string_view payload)
    : topic_size_(static_cast<uint16_t>(topic.size())) {
  bytes_.reserve(topic.size() + payload.size());
  bytes_.append(topic).append(payload);
}

SharedMessage Message::Create(std::string_view topic, std::string_view payload) {
  if (topic.size() > kMaxTopic) return nullptr;
  if (payload.size() > kMaxRemainingLength - kTopicLengthAndId - topic.size()) return nullptr;
  return std::make_shared<const Message>(Token{}, topic, payload);
}

}  // namespace chat::mqtt
