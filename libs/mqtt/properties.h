#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/mqtt/packet_type.h"

// The properties of 5.0 (2.2.2.2) as plain values.
namespace chat::mqtt {

enum class PropertyId : uint8_t {
  kNone = 0,
  kPayloadFormat = 1,
  kMessageExpiry = 2,
  kContentType = 3,
  kResponseTopic = 8,
  kCorrelationData = 9,
  kSubscriptionId = 11,
  kSessionExpiry = 17,
  kAssignedClientId = 18,
  kServerKeepAlive = 19,
  kAuthenticationMethod = 21,
  kAuthenticationData = 22,
  kRequestProblemInfo = 23,
  kWillDelay = 24,
  kRequestResponseInfo = 25,
  kResponseInfo = 26,
  kServerReference = 28,
  kReasonString = 31,
  kReceiveMaximum = 33,
  kTopicAliasMaximum = 34,
  kTopicAlias = 35,
  kMaximumQos = 36,
  kRetainAvailable = 37,
  kUserProperty = 38,
  kMaximumPacketSize = 39,
  kWildcardAvailable = 40,
  kSubscriptionIdAvailable = 41,
  kSharedAvailable = 42,
};

// One property. Numbers of every width lie in `number`; strings and binary data in `text`; a user
// property has its name in `text` and its value in `value`. Texts are views.
struct Property {
  PropertyId id = PropertyId::kNone;
  uint32_t number = 0;
  std::string_view text;
  std::string_view value;
};

// The properties of a packet in wire order. Always empty below 5.0, which has no place for them.
using Properties = std::vector<Property>;

// The first one of this kind, or null.
const Property* FindProperty(const Properties& properties, PropertyId id);
std::optional<uint32_t> FindNumber(const Properties& properties, PropertyId id);
// Empty when there is none.
std::string_view FindText(const Properties& properties, PropertyId id);

// Appends the property length and the properties.
void WriteProperties(const Properties& properties, std::string& out);

// The bytes of those properties of a PUBLISH or a will that go to its receivers as they are:
// payload format, content type, response topic, correlation data and user properties, in order
// [MQTT5-3.3.2-4] [MQTT5-3.3.2-15] [MQTT5-3.3.2-16] [MQTT5-3.3.2-17] [MQTT5-3.3.2-18]
// [MQTT5-3.3.2-20]. No length in front.
std::string PassedOn(const Properties& properties);

// Appends a variable byte integer (1.5.5) of at most kMaxRemainingLength.
void WriteVariable(uint32_t value, std::string& out);

}  // namespace chat::mqtt
