#include "libs/mqtt/topic_alias.h"

#include <algorithm>

namespace chat::mqtt {

namespace {
// A shorter topic is no longer than the alias that would stand for it.
constexpr size_t kWorthAnAlias = 4;
}  // namespace

std::optional<ProtocolError> InboundAliases::Resolve(Publish& publish, uint16_t maximum) {
  const Property* property = FindProperty(publish.properties, PropertyId::kTopicAlias);
  if (property == nullptr) return {};
  if (property->number > maximum) {
    return ProtocolError{Reason::kTopicAliasInvalid, "MQTT5-3.3.2-9", "topic alias too high"};
  }
  const size_t index = property->number - 1;
  if (!publish.topic.empty()) {
    if (topics_.size() <= index) topics_.resize(index + 1);
    topics_[index] = publish.topic;
    return {};
  }
  if (topics_.size() <= index || topics_[index].empty()) {
    return ProtocolError{Reason::kProtocolError, "MQTT5-3.3.2-8", "topic alias without a topic"};
  }
  publish.topic = topics_[index];
  return {};
}

void OutboundAliases::Frame(std::string_view topic, PublishFraming& framing) {
  if (maximum_ == 0 || topic.size() < kWorthAnAlias) return;
  const auto known = std::find(topics_.begin(), topics_.end(), topic);
  if (known != topics_.end()) {
    framing.alias = static_cast<uint16_t>(known - topics_.begin() + 1);
    framing.with_topic = false;
    return;
  }
  if (topics_.size() < maximum_) {
    topics_.emplace_back(topic);
    framing.alias = static_cast<uint16_t>(topics_.size());
    return;
  }
  topics_[next_] = topic;
  framing.alias = static_cast<uint16_t>(next_ + 1);
  next_ = static_cast<uint16_t>((next_ + 1) % maximum_);
}

}  // namespace chat::mqtt
