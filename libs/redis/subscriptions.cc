#include "libs/redis/subscriptions.h"

#include <utility>

namespace chat::redis {
namespace {

constexpr size_t kChannelsPerCommand = 500;

}  // namespace

void Subscriptions::Ask(bool subscribe, std::vector<std::string> channels,
                        std::vector<Command>* commands) {
  for (std::string& channel : channels) {
    ++under_way_[channel];
    if (commands->empty() || commands->back().subscribe != subscribe ||
        commands->back().channels.size() == kChannelsPerCommand) {
      commands->push_back({subscribe, {}});
    }
    commands->back().channels.push_back(std::move(channel));
  }
}

void Subscriptions::Want(std::vector<std::string> channels, std::vector<Command>* commands) {
  wanted_.insert(channels.begin(), channels.end());
  if (commands != nullptr) Ask(true, std::move(channels), commands);
}

void Subscriptions::Unwant(std::vector<std::string> channels, std::vector<Command>* commands) {
  for (const std::string& channel : channels) {
    wanted_.erase(channel);
    restoring_.erase(channel);
  }
  if (commands != nullptr) Ask(false, std::move(channels), commands);
}

std::vector<Command> Subscriptions::Restart() {
  under_way_.clear();
  restoring_ = wanted_;
  std::vector<Command> commands;
  Ask(true, {wanted_.begin(), wanted_.end()}, &commands);
  return commands;
}

bool Subscriptions::Answered(std::string_view channel) {
  auto it = under_way_.find(channel);
  if (it == under_way_.end()) return false;
  if (--it->second > 0) return false;
  under_way_.erase(it);
  return true;
}

bool Subscriptions::Confirm(std::string_view channel) {
  if (!Answered(channel)) return false;
  auto it = restoring_.find(channel);
  if (it != restoring_.end()) restoring_.erase(it);
  return wanted_.find(channel) != wanted_.end();
}

void Subscriptions::ConfirmUnsubscribed(std::string_view channel) { Answered(channel); }

}  // namespace chat::redis
