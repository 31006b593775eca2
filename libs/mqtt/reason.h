#pragma once

#include <cstdint>

#include "libs/mqtt/packet_type.h"

namespace chat::mqtt {

// Reason codes of MQTT 5.0 (2.4), used inside this library for every version: the decoder and the
// state machines say what went wrong in these terms, the encoder maps them to what the version of
// the connection can carry (3.x: a CONNACK return code, or only a closed connection).
enum class Reason : uint8_t {
  kSuccess = 0x00,  // also: normal disconnection, granted QoS 0
  kGrantedQos1 = 0x01,
  kGrantedQos2 = 0x02,
  kDisconnectWithWill = 0x04,
  kNoMatchingSubscribers = 0x10,
  kNoSubscriptionExisted = 0x11,
  kContinueAuthentication = 0x18,
  kReAuthenticate = 0x19,
  kUnspecifiedError = 0x80,
  kMalformedPacket = 0x81,
  kProtocolError = 0x82,
  kImplementationSpecificError = 0x83,
  kUnsupportedProtocolVersion = 0x84,
  kClientIdentifierNotValid = 0x85,
  kBadUserNameOrPassword = 0x86,
  kNotAuthorized = 0x87,
  kServerUnavailable = 0x88,
  kServerBusy = 0x89,
  kBanned = 0x8A,
  kServerShuttingDown = 0x8B,
  kBadAuthenticationMethod = 0x8C,
  kKeepAliveTimeout = 0x8D,
  kSessionTakenOver = 0x8E,
  kTopicFilterInvalid = 0x8F,
  kTopicNameInvalid = 0x90,
  kPacketIdentifierInUse = 0x91,
  kPacketIdentifierNotFound = 0x92,
  kReceiveMaximumExceeded = 0x93,
  kTopicAliasInvalid = 0x94,
  kPacketTooLarge = 0x95,
  kMessageRateTooHigh = 0x96,
  kQuotaExceeded = 0x97,
  kAdministrativeAction = 0x98,
  kPayloadFormatInvalid = 0x99,
  kRetainNotSupported = 0x9A,
  kQosNotSupported = 0x9B,
  kUseAnotherServer = 0x9C,
  kServerMoved = 0x9D,
  kSharedSubscriptionsNotSupported = 0x9E,
  kConnectionRateExceeded = 0x9F,
  kMaximumConnectTime = 0xA0,
  kSubscriptionIdentifiersNotSupported = 0xA1,
  kWildcardSubscriptionsNotSupported = 0xA2,
};

// Whether the byte is a reason code that a packet of this type may carry in 5.0 (2.4).
bool IsReasonOf(PacketType type, uint8_t code);

// CONNACK return codes of MQTT 3.1 and 3.1.1 (3.2.2.3).
enum class ConnectCode : uint8_t {
  kAccepted = 0,
  kUnacceptableProtocolVersion = 1,
  kIdentifierRejected = 2,
  kServerUnavailable = 3,
  kBadUserNameOrPassword = 4,
  kNotAuthorized = 5,
};

// What a refusal is called in the other version. kUnspecifiedError and its like become
// kServerUnavailable.
Reason ReasonOf(ConnectCode code);
ConnectCode ConnectCodeOf(Reason reason);

// What a peer did wrong. Both texts are literals with static life. `clause` is the identifier of
// the broken statement without brackets ("MQTT-2.2.2-2"); it is 3.1.1's unless it begins with
// "MQTT5-".
struct ProtocolError {
  Reason reason = Reason::kProtocolError;
  const char* clause = "";
  const char* text = "";
};

}  // namespace chat::mqtt
