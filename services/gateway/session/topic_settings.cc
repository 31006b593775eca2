#include "services/gateway/session/topic_settings.h"

#include <algorithm>
#include <vector>

namespace chat::gateway {

const TopicSetting* TopicSettings::Find(std::string_view topic) const {
  if (topics_ == nullptr) return nullptr;
  const auto found = topics_->find(topic);
  return found == topics_->end() ? nullptr : &found->second;
}

bool TopicSettings::Set(const std::string& topic, TopicSetting setting, size_t limit) {
  if (topics_ == nullptr) topics_ = std::make_unique<Map>();
  const auto known = topics_->find(topic);
  if (known != topics_->end()) {
    known->second = std::move(setting);
    return true;
  }
  if (topics_->size() >= limit) return false;
  topics_->emplace(topic, std::move(setting));
  return true;
}

bool TopicSettings::Remove(std::string_view topic) {
  if (topics_ == nullptr) return false;
  const auto known = topics_->find(topic);
  if (known == topics_->end()) return false;
  topics_->erase(known);
  if (topics_->empty()) topics_.reset();
  return true;
}

void TopicSettings::Save(v1::SessionState* state) const {
  if (topics_ == nullptr) return;
  for (const auto& [topic, setting] : *topics_) {
    (*state->mutable_qos())[topic] = static_cast<uint32_t>(setting.qos);
    if (setting.ids != nullptr) {
      (*state->mutable_subscription_ids())[topic] = setting.ids->front();
    }
    if (!setting.alias.empty()) (*state->mutable_topic_names())[topic] = setting.alias;
  }
}

void TopicSettings::Load(const v1::SessionState& state) {
  for (const auto& [topic, qos] : state.qos()) {
    TopicSetting setting;
    setting.qos = static_cast<mqtt::Qos>(std::min<uint32_t>(qos, 2));
    const auto id = state.subscription_ids().find(topic);
    if (id != state.subscription_ids().end()) setting.ids = OneId(id->second);
    const auto name = state.topic_names().find(topic);
    if (name != state.topic_names().end()) setting.alias = name->second;
    Set(topic, std::move(setting), SIZE_MAX);
  }
}

mqtt::SubscriptionIds OneId(uint32_t id) {
  if (id == 0) return nullptr;
  return std::make_shared<const std::vector<uint32_t>>(1, id);
}

}  // namespace chat::gateway
