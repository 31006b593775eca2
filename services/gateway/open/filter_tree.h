// Who subscribed to what: topic filters as a tree of levels (MQTT 4.7). A look-up takes as many
// steps as the topic has levels, times the wildcards on its way. Pure.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/topic.h"

namespace chat::gateway {

template <typename Value>
class FilterTree {
 public:
  // A value may be added once for each filter.
  void Add(std::string_view filter, Value value) {
    Node* node = &root_;
    for (mqtt::TopicLevels levels(filter); !levels.done(); levels.Advance()) {
      auto& child = node->children[std::string(levels.current())];
      if (child == nullptr) child = std::make_unique<Node>();
      node = child.get();
    }
    node->values.push_back(std::move(value));
  }

  void Remove(std::string_view filter, const Value& value) {
    RemoveFrom(root_, mqtt::TopicLevels(filter), value);
  }

  // Calls use(value) for each filter that matches.
  template <typename Use>
  void Match(std::string_view topic, Use use) const {
    Walk(root_, mqtt::TopicLevels(topic), !topic.starts_with('$'), use);
  }

  bool empty() const { return root_.children.empty(); }

 private:
  struct Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> children;
    std::vector<Value> values;
    bool idle() const { return children.empty() && values.empty(); }
  };

  static void RemoveFrom(Node& node, mqtt::TopicLevels levels, const Value& value) {
    if (levels.done()) {
      const auto found = std::find(node.values.begin(), node.values.end(), value);
      if (found != node.values.end()) node.values.erase(found);
      return;
    }
    const auto child = node.children.find(levels.current());
    if (child == node.children.end()) return;
    levels.Advance();
    RemoveFrom(*child->second, levels, value);
    if (child->second->idle()) node.children.erase(child);
  }

  // `wild`: wildcards count at this level (they do not match a leading `$`).
  template <typename Use>
  static void Walk(const Node& node, mqtt::TopicLevels levels, bool wild, Use& use) {
    if (wild) {
      if (const auto all = node.children.find("#"); all != node.children.end()) {
        for (const Value& value : all->second->values) use(value);
      }
    }
    if (levels.done()) {
      for (const Value& value : node.values) use(value);
      return;
    }
    const auto exact = node.children.find(levels.current());
    const auto one = wild ? node.children.find("+") : node.children.end();
    levels.Advance();
    if (exact != node.children.end()) Walk(*exact->second, levels, true, use);
    if (one != node.children.end()) Walk(*one->second, levels, true, use);
  }

  Node root_;
};

}  // namespace chat::gateway
