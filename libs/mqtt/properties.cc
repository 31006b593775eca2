#include "libs/mqtt/properties.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "libs/mqtt/body_reader.h"
#include "libs/mqtt/topic.h"

namespace chat::mqtt {

namespace {

enum class Type : uint8_t { kByte, kTwo, kFour, kVariable, kText, kBinary, kPair };

// What a value has to be beyond its type.
enum class Values : uint8_t { kAny, kFlag, kNotZero, kTopicName };

constexpr uint16_t In(PacketType type) { return uint16_t{1} << static_cast<uint8_t>(type); }
constexpr uint16_t kConnect = In(PacketType::kConnect);
constexpr uint16_t kConnack = In(PacketType::kConnack);
constexpr uint16_t kPublish = In(PacketType::kPublish);
constexpr uint16_t kSubscribe = In(PacketType::kSubscribe);
constexpr uint16_t kDisconnect = In(PacketType::kDisconnect);
constexpr uint16_t kAuth = In(PacketType::kAuth);
constexpr uint16_t kAnswers = In(PacketType::kPuback) | In(PacketType::kPubrec) |
                              In(PacketType::kPubrel) | In(PacketType::kPubcomp) |
                              In(PacketType::kSuback) | In(PacketType::kUnsuback);
constexpr uint16_t kWill = 1;  // type 0 is reserved
constexpr uint16_t kAll = 0xFFFF;

// 2.2.2.2, table 2-4.
struct Rule {
  PropertyId id;
  Type type;
  uint16_t places;
  Values values = Values::kAny;
};

using P = PropertyId;

constexpr Rule kRules[] = {
    {P::kPayloadFormat, Type::kByte, kPublish | kWill, Values::kFlag},
    {P::kMessageExpiry, Type::kFour, kPublish | kWill},
    {P::kContentType, Type::kText, kPublish | kWill},
    {P::kResponseTopic, Type::kText, kPublish | kWill, Values::kTopicName},
    {P::kCorrelationData, Type::kBinary, kPublish | kWill},
    {P::kSubscriptionId, Type::kVariable, kPublish | kSubscribe, Values::kNotZero},
    {P::kSessionExpiry, Type::kFour, kConnect | kConnack | kDisconnect},
    {P::kAssignedClientId, Type::kText, kConnack},
    {P::kServerKeepAlive, Type::kTwo, kConnack},
    {P::kAuthenticationMethod, Type::kText, kConnect | kConnack | kAuth},
    {P::kAuthenticationData, Type::kBinary, kConnect | kConnack | kAuth},
    {P::kRequestProblemInfo, Type::kByte, kConnect, Values::kFlag},
    {P::kWillDelay, Type::kFour, kWill},
    {P::kRequestResponseInfo, Type::kByte, kConnect, Values::kFlag},
    {P::kResponseInfo, Type::kText, kConnack},
    {P::kServerReference, Type::kText, kConnack | kDisconnect},
    {P::kReasonString, Type::kText, kConnack | kAnswers | kDisconnect | kAuth},
    {P::kReceiveMaximum, Type::kTwo, kConnect | kConnack, Values::kNotZero},
    {P::kTopicAliasMaximum, Type::kTwo, kConnect | kConnack},
    {P::kTopicAlias, Type::kTwo, kPublish, Values::kNotZero},
    {P::kMaximumQos, Type::kByte, kConnack, Values::kFlag},
    {P::kRetainAvailable, Type::kByte, kConnack, Values::kFlag},
    {P::kUserProperty, Type::kPair, kAll},
    {P::kMaximumPacketSize, Type::kFour, kConnect | kConnack, Values::kNotZero},
    {P::kWildcardAvailable, Type::kByte, kConnack, Values::kFlag},
    {P::kSubscriptionIdAvailable, Type::kByte, kConnack, Values::kFlag},
    {P::kSharedAvailable, Type::kByte, kConnack, Values::kFlag},
};

const Rule* RuleOf(uint32_t id) {
  const auto rule = std::find_if(std::begin(kRules), std::end(kRules),
                                 [id](const Rule& r) { return static_cast<uint8_t>(r.id) == id; });
  return rule == std::end(kRules) ? nullptr : rule;
}

bool ReadValue(BodyReader& body, Type type, Property& property) {
  uint8_t byte = 0;
  uint16_t two = 0;
  switch (type) {
    case Type::kByte:
      if (!body.Byte(byte)) return false;
      property.number = byte;
      return true;
    case Type::kTwo:
      if (!body.U16(two)) return false;
      property.number = two;
      return true;
    case Type::kFour:
      return body.U32(property.number);
    case Type::kVariable:
      return body.Variable(property.number);
    case Type::kText:
      return body.Field(property.text) && IsValidUtf8(property.text);
    case Type::kBinary:
      return body.Field(property.text);
    case Type::kPair:
      return body.Field(property.text) && IsValidUtf8(property.text) &&
             body.Field(property.value) && IsValidUtf8(property.value);
  }
  return false;
}

Failure CheckValue(const Rule& rule, const Property& property) {
  switch (rule.values) {
    case Values::kAny:
      return {};
    case Values::kFlag:
      if (property.number > 1) return Violation("MQTT5-4.13.1-1", "a flag is neither 0 nor 1");
      return {};
    case Values::kNotZero:
      if (property.number != 0) return {};
      if (rule.id == P::kTopicAlias) {
        return ProtocolError{Reason::kTopicAliasInvalid, "MQTT5-3.3.2-8", "topic alias 0"};
      }
      return Violation("MQTT5-4.13.1-1", "a property is 0");
    case Values::kTopicName:
      if (IsValidTopicName(property.text)) return {};
      return Violation("MQTT5-3.3.2-14", "response topic");
  }
  return {};
}

// A subscription identifier comes once for each subscription that matches (3.3.2.3.8).
bool MayRepeat(PropertyId id, PacketType type) {
  return id == P::kUserProperty || (id == P::kSubscriptionId && type == PacketType::kPublish);
}

void WriteU16(uint32_t value, std::string& out) {
  out.push_back(static_cast<char>(value >> 8 & 0xFF));
  out.push_back(static_cast<char>(value & 0xFF));
}

void WriteText(std::string_view text, std::string& out) {
  if (text.size() > 0xFFFF) std::abort();  // see Encode: the caller keeps to the standard
  WriteU16(static_cast<uint32_t>(text.size()), out);
  out.append(text);
}

void WriteProperty(const Property& property, std::string& out) {
  const Rule* rule = RuleOf(static_cast<uint8_t>(property.id));
  if (rule == nullptr) std::abort();
  out.push_back(static_cast<char>(property.id));
  switch (rule->type) {
    case Type::kByte:
      return out.push_back(static_cast<char>(property.number));
    case Type::kTwo:
      return WriteU16(property.number, out);
    case Type::kFour:
      WriteU16(property.number >> 16, out);
      return WriteU16(property.number, out);
    case Type::kVariable:
      return WriteVariable(property.number, out);
    case Type::kText:
    case Type::kBinary:
      return WriteText(property.text, out);
    case Type::kPair:
      WriteText(property.text, out);
      return WriteText(property.value, out);
  }
}

}  // namespace

Failure ReadProperties(BodyReader& body, PacketType type, PropertyPlace place,
                       Properties& properties) {
  uint32_t length = 0;
  std::string_view bytes;
  if (!body.Variable(length)) return Malformed("MQTT5-1.5.5-1", "property length");
  if (!body.Take(length, bytes)) return Malformed("MQTT5-2.2.2-1", "properties are too short");
  const uint16_t here = place == PropertyPlace::kWill ? kWill : In(type);
  uint64_t seen = 0;
  for (BodyReader from(bytes); !from.empty();) {
    uint32_t id = 0;
    const Rule* rule = from.Variable(id) ? RuleOf(id) : nullptr;
    if (rule == nullptr || (rule->places & here) == 0) {
      return Malformed("MQTT5-2.2.2.2", "a property that this packet does not have");
    }
    Property property{.id = rule->id, .number = 0, .text = {}, .value = {}};
    if (!ReadValue(from, rule->type, property)) {
      return Malformed("MQTT5-2.2.2.2", "a property of the wrong type");
    }
    if (Failure failure = CheckValue(*rule, property)) return failure;
    const uint64_t bit = uint64_t{1} << id;
    if ((seen & bit) != 0 && !MayRepeat(rule->id, type)) {
      return Violation("MQTT5-4.13.1-1", "a property comes twice");
    }
    seen |= bit;
    properties.push_back(property);
  }
  return {};
}

const Property* FindProperty(const Properties& properties, PropertyId id) {
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [id](const Property& p) { return p.id == id; });
  return found == properties.end() ? nullptr : &*found;
}

std::optional<uint32_t> FindNumber(const Properties& properties, PropertyId id) {
  const Property* found = FindProperty(properties, id);
  return found == nullptr ? std::nullopt : std::optional(found->number);
}

std::string_view FindText(const Properties& properties, PropertyId id) {
  const Property* found = FindProperty(properties, id);
  return found == nullptr ? std::string_view() : found->text;
}

void WriteVariable(uint32_t value, std::string& out) {
  do {
    const auto digit = static_cast<uint8_t>(value % 128);
    value /= 128;
    out.push_back(static_cast<char>(value > 0 ? digit | 0x80 : digit));
  } while (value > 0);
}

void WriteProperties(const Properties& properties, std::string& out) {
  std::string bytes;
  for (const Property& property : properties) WriteProperty(property, bytes);
  WriteVariable(static_cast<uint32_t>(bytes.size()), out);
  out.append(bytes);
}

std::string PassedOn(const Properties& properties) {
  std::string bytes;
  for (const Property& property : properties) {
    switch (property.id) {
      case P::kPayloadFormat:
      case P::kContentType:
      case P::kResponseTopic:
      case P::kCorrelationData:
      case P::kUserProperty:
        WriteProperty(property, bytes);
        break;
      default:
        break;
    }
  }
  return bytes;
}

}  // namespace chat::mqtt
