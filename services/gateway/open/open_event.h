// A message of an open topic on its way to sessions: made once, shared by all workers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "chat/v1/open.pb.h"
#include "libs/mqtt/message.h"
#include "libs/mqtt/packet.h"
#include "services/gateway/open/open_filters.h"

namespace chat::gateway {

struct OpenEvent {
  int64_t position = 0;  // in the log; 0: in none
  int64_t name = 0;      // position, or the negative name of a message without one
  mqtt::SharedMessage message;
  mqtt::Qos qos = mqtt::Qos::kAtMostOnce;
  bool retain = false;
  std::string client_id;  // of the publisher
};
using SharedOpenEvent = std::shared_ptr<const OpenEvent>;

// Null when it would exceed MQTT, or its topic is not open any more.
SharedOpenEvent MakeOpenEvent(const v1::OpenMessage& message, const OpenFilters& open);

// Tokens of open messages in an MQTT session; those of CHAT events have this bit clear.
inline constexpr uint64_t kOpenToken = uint64_t{1} << 63;
// Beside it: sent apart from the log's course, because it is retained or was claimed for a group.
// How far the session has seen the log, it does not say, and the log does not give it to it again.
inline constexpr uint64_t kApartToken = uint64_t{1} << 62;

}  // namespace chat::gateway
