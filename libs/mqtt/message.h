#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chat::mqtt {

class Message;
// How application messages are passed about: immutable, so any number of sessions, on any thread,
// hold the same bytes.
using SharedMessage = std::shared_ptr<const Message>;

// One application message (topic and payload) for any number of receivers.
class Message {
 public:
  // Null when the topic is longer than 65,535 bytes or the PUBLISH would exceed the remaining
  // length. Whether the topic is a valid topic name is the caller's to check (IsValidTopicName).
  static SharedMessage Create(std::string_view topic, std::string_view payload);

  std::string_view topic() const { return std::string_view(bytes_).substr(0, topic_size_); }
  std::string_view payload() const { return std::string_view(bytes_).substr(topic_size_); }
  // Topic and payload; what queues count.
  size_t size() const { return bytes_.size(); }

  // Use Create.
  struct Token {};
  Message(Token, std::string_view topic, std::string_view payload);

 private:
  std::string bytes_;  // topic, then payload
  uint16_t topic_size_;
};

}  // namespace chat::mqtt
