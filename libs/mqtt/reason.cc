#include "libs/mqtt/reason.h"

#include <algorithm>
#include <string_view>

namespace chat::mqtt {

namespace {

bool IsOneOf(uint8_t code, std::string_view codes) {
  return codes.find(static_cast<char>(code)) != std::string_view::npos;
}

}  // namespace

bool IsReasonOf(PacketType type, uint8_t code) {
  using namespace std::string_view_literals;  // NOLINT: one of the codes is NUL
  switch (type) {
    case PacketType::kConnack:
      return IsOneOf(code,
                     "\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8A\x8C\x90\x95\x97\x99\x9A\x9B"
                     "\x9C\x9D\x9F"sv);
    case PacketType::kPuback:
    case PacketType::kPubrec:
      return IsOneOf(code, "\x00\x10\x80\x83\x87\x90\x91\x97\x99"sv);
    case PacketType::kPubrel:
    case PacketType::kPubcomp:
      return IsOneOf(code, "\x00\x92"sv);
    case PacketType::kSuback:
      return IsOneOf(code, "\x00\x01\x02\x80\x83\x87\x8F\x91\x97\x9E\xA1\xA2"sv);
    case PacketType::kUnsuback:
      return IsOneOf(code, "\x00\x11\x80\x83\x87\x8F\x91"sv);
    case PacketType::kDisconnect:
      return code == 0 || code == 0x04 ||
             (code >= 0x80 && code <= 0xA2 && !IsOneOf(code, "\x84\x85\x86\x88\x8A\x91\x92"sv));
    case PacketType::kAuth:
      return IsOneOf(code, "\x00\x18\x19"sv);
    default:
      return false;
  }
}

Reason ReasonOf(ConnectCode code) {
  switch (code) {
    case ConnectCode::kAccepted:
      return Reason::kSuccess;
    case ConnectCode::kUnacceptableProtocolVersion:
      return Reason::kUnsupportedProtocolVersion;
    case ConnectCode::kIdentifierRejected:
      return Reason::kClientIdentifierNotValid;
    case ConnectCode::kServerUnavailable:
      return Reason::kServerUnavailable;
    case ConnectCode::kBadUserNameOrPassword:
      return Reason::kBadUserNameOrPassword;
    case ConnectCode::kNotAuthorized:
      return Reason::kNotAuthorized;
  }
  return Reason::kUnspecifiedError;
}

ConnectCode ConnectCodeOf(Reason reason) {
  switch (reason) {
    case Reason::kSuccess:
      return ConnectCode::kAccepted;
    case Reason::kUnsupportedProtocolVersion:
      return ConnectCode::kUnacceptableProtocolVersion;
    case Reason::kClientIdentifierNotValid:
      return ConnectCode::kIdentifierRejected;
    case Reason::kBadUserNameOrPassword:
      return ConnectCode::kBadUserNameOrPassword;
    case Reason::kNotAuthorized:
    case Reason::kBanned:
    case Reason::kBadAuthenticationMethod:
      return ConnectCode::kNotAuthorized;
    default:
      return ConnectCode::kServerUnavailable;
  }
}

}  // namespace chat::mqtt
