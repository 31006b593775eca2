// What a client's topic means (PROTOCOL 1.3, 1.4). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat::gateway {

enum class TopicFamily {
  kEvents,         // a request
  kEventsIgnored,  // begins with `events/`, has no accepted form: acknowledged and dropped
  kEventsVersion,  // a request of another protocol version: answered with invalid_data
  kActions,
  kSes,
  kAc,
  kP2p,
  kRoom,
  kMuc,
  kVersion,
  kOther,
};

struct ClientTopic {
  TopicFamily family = TopicFamily::kOther;
  std::string_view module;  // kEvents, kEventsVersion: third level after the family, may be empty
  std::string_view rest;    // what follows the family, for the others
};

ClientTopic ParseClientTopic(std::string_view topic);

// The names of later revisions (PROTOCOL 1.9), where they are switched on.
struct CanonicalTopic {
  std::string topic;
  bool renamed = false;  // `topic` is another text than what the client said
};
CanonicalTopic Canonical(std::string_view topic, bool aliases);

// The `:module` level of a client's topics from the user name of CONNECT: `api` unless it is
// [a-z0-9_]{1,32} (PROTOCOL 1.2).
std::string ModuleOf(std::optional<std::string_view> username);

// Where replies to a request go (PROTOCOL 1.3): `requested` is the topic's module level.
std::string ReplyTopic(std::string_view requested, std::string_view own_module,
                       std::string_view client_id);

// Whether a topic or filter is within the configured bounds.
bool IsWithin(std::string_view topic, int64_t max_bytes, int64_t max_levels);

// 1 to 1024 bytes without `/ + #` and NUL (PROTOCOL 1.2).
bool IsValidClientId(std::string_view id);

}  // namespace chat::gateway
