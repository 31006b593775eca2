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

// What 5.0 adds to a message.
struct MessageExtras {
  std::string_view properties;  // as PassedOn() gives them; reach receivers of 5.0 only
  int64_t expires_at_ms = 0;    // Unix time; 0: never [MQTT5-3.3.2-5]
};

// One application message (topic and payload) for any number of receivers.
class Message {
 public:
  // Null when the topic is longer than 65,535 bytes or the PUBLISH would exceed the remaining
  // length. Whether the topic is a valid topic name is the caller's to check (IsValidTopicName).
  static SharedMessage Create(std::string_view topic, std::string_view payload,
                              const MessageExtras& extras = {});

  std::string_view topic() const { return std::string_view(bytes_).substr(0, topic_size_); }
  std::string_view properties() const {
    return std::string_view(bytes_).substr(topic_size_, properties_size_);
  }
  std::string_view payload() const {
    return std::string_view(bytes_).substr(topic_size_ + properties_size_);
  }
  int64_t expires_at_ms() const { return expires_at_ms_; }
  // Topic, properties and payload; what queues count.
  size_t size() const { return bytes_.size(); }

  // Use Create.
  struct Token {};
  Message(Token, std::string_view topic, std::string_view payload, const MessageExtras& extras);

 private:
  std::string bytes_;  // topic, properties, payload
  int64_t expires_at_ms_;
  uint32_t properties_size_;
  uint16_t topic_size_;
};

}  // namespace chat::mqtt
