// What a client asked of the topics that the server subscribed it to: QoS (PROTOCOL O20), a
// subscription identifier of 5.0, a name of 1.9. Pure; empty it takes one pointer.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "chat/v1/messaging.pb.h"
#include "libs/mqtt/codec.h"

namespace chat::gateway {

struct TopicSetting {
  mqtt::Qos qos = mqtt::Qos::kExactlyOnce;
  mqtt::SubscriptionIds ids;  // null, or one
  std::string alias;          // messages come under this name instead; empty: the topic's own

  bool operator==(const TopicSetting& other) const {
    const bool same_ids =
        ids == nullptr || other.ids == nullptr ? ids == other.ids : *ids == *other.ids;
    return qos == other.qos && alias == other.alias && same_ids;
  }
};

class TopicSettings {
 public:
  // Null: as the server made the subscription.
  const TopicSetting* Find(std::string_view topic) const;
  // False when there are `limit` of them already.
  bool Set(const std::string& topic, TopicSetting setting, size_t limit);
  bool Remove(std::string_view topic);
  bool empty() const { return topics_ == nullptr; }

  void Save(v1::SessionState* state) const;
  void Load(const v1::SessionState& state);

 private:
  using Map = std::map<std::string, TopicSetting, std::less<>>;
  std::unique_ptr<Map> topics_;
};

// One subscription identifier; null for 0.
mqtt::SubscriptionIds OneId(uint32_t id);

}  // namespace chat::gateway
