#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "chat/v1/records.pb.h"
#include "libs/client/content.h"
#include "libs/client/device.h"

namespace chat::cli {

// One message from the server and what it says.
struct Received {
  client::Incoming incoming;
  std::optional<client::Content> content;  // nothing: the payload is malformed
  std::string malformed;                   // why
  bool reply = false;                      // on the client's own topic
  bool greeting = false;  // what every connect begins with: vnode_max, a renewed token, the Profile

  template <typename T>
  const T* As() const {
    return content ? content->As<T>() : nullptr;
  }
  // The record `io` on the client topic, which answers requests; else nullptr.
  const v1::Io* Answer() const { return reply && !greeting ? As<v1::Io>() : nullptr; }
};

Received Understand(client::Incoming incoming, std::string_view reply_topic);

// One line of JSON without its end: topic, qos, term, record; and `malformed` when term is null.
std::string ToJsonLine(const Received& received);

// One line for people, without its end. Control characters of strangers do not reach the terminal.
std::string ToPlainLine(const Received& received);

// `bytes` as one line of printable UTF-8: control characters become \xHH, broken UTF-8 "?".
std::string Printable(std::string_view bytes);

// "friend", "authorization" …; empty when it has none.
std::string StatusAtom(const v1::Contact& contact);

// "#17 380670001234_1: hello".
std::string Summary(const v1::Message& message);

// To stdout at once. kInternal when it cannot be written: the message must not be acknowledged.
absl::Status PrintLine(const std::string& line);

}  // namespace chat::cli
