#include <algorithm>
#include <array>
#include <utility>

#include "libs/mqtt/connection_terms.h"

// What a connection sends: the verdict, answers, and the effects of its session.
namespace chat::mqtt {

namespace {

// PUBLISH heads up to this size are built on the stack.
constexpr size_t kSmallHead = 512;

Property Number(PropertyId id, uint32_t number) {
  return {.id = id, .number = number, .text = {}, .value = {}};
}

Property Text(PropertyId id, std::string_view text) {
  return {.id = id, .number = 0, .text = text, .value = {}};
}

}  // namespace

// ---- the verdict
// ----------------------------------------------------------------------------------

void Connection::Accept(Session& session, const Acceptance& acceptance, Millis now) {
  if (state_ != State::kConnecting) return;
  state_ = State::kConnected;
  last_heard_ = now;
  session_ = &session;
  ClientTerms terms{.version = version_, .window = 65535};
  const uint16_t asked_keep_alive_s = keep_alive_s_;
  if (terms_) {
    terms.window = terms_->receive_maximum;
    const uint16_t longest = limits_->max_keep_alive_s;
    if (longest != 0 && (keep_alive_s_ == 0 || keep_alive_s_ > longest)) keep_alive_s_ = longest;
  }
  session_->Attach(*this, terms);
  std::string out;
  EncodeConnack(MakeConnack(acceptance, asked_keep_alive_s), version_, out);
  if (SendIfFits(out)) return;
  Finish(CloseCause::kProtocolError,
         {Reason::kPacketTooLarge, "MQTT5-3.1.2-24", "the client takes no CONNACK"});
}

Connack Connection::MakeConnack(const Acceptance& acceptance, uint16_t asked_keep_alive_s) const {
  Connack connack{.session_present = acceptance.session_present && !clean_session_,
                  .code = 0,
                  .properties = {}};
  if (!terms_) return connack;
  Properties& properties = connack.properties;
  if (acceptance.session_expiry_s) {
    properties.push_back(Number(PropertyId::kSessionExpiry, *acceptance.session_expiry_s));
  }
  properties.push_back(Number(PropertyId::kReceiveMaximum, session_->limits().receive_maximum));
  properties.push_back(Number(PropertyId::kMaximumPacketSize, limits_->max_packet_size));
  if (!acceptance.assigned_client_id.empty()) {
    properties.push_back(Text(PropertyId::kAssignedClientId, acceptance.assigned_client_id));
  }
  properties.push_back(Number(PropertyId::kTopicAliasMaximum, limits_->inbound_aliases));
  if (keep_alive_s_ != asked_keep_alive_s) {
    properties.push_back(Number(PropertyId::kServerKeepAlive, keep_alive_s_));
  }
  if (terms_->wants_response_info && !acceptance.response_info.empty()) {
    properties.push_back(Text(PropertyId::kResponseInfo, acceptance.response_info));
  }
  return connack;
}

uint32_t Connection::max_outbound_packet() const {
  return terms_ ? terms_->max_packet_size : UINT32_MAX;
}

bool Connection::SendIfFits(const std::string& bytes) {
  if (bytes.size() > max_outbound_packet()) return false;
  handler_->OnSend(bytes);
  return true;
}

void Connection::Proceed() {
  if (state_ != State::kConnected || proceeding_) return;
  proceeding_ = true;
  PumpHeld();
}

void Connection::Refuse(Reason reason) {
  if (state_ != State::kConnecting || reason < Reason::kUnspecifiedError) return;
  SendRefusal(reason, "");
  Finish(CloseCause::kRefused, {reason, "MQTT-3.2.2-5", "CONNECT refused"});
}

void Connection::SendRefusal(Reason reason, const char* why) {
  Connack connack;
  if (version_ == Version::k5) {
    const bool known = reason >= Reason::kUnspecifiedError &&
                       IsReasonOf(PacketType::kConnack, static_cast<uint8_t>(reason));
    connack.code = static_cast<uint8_t>(known ? reason : Reason::kUnspecifiedError);
    if (*why != 0) connack.properties.push_back(Text(PropertyId::kReasonString, why));
  } else {
    connack.code = static_cast<uint8_t>(ConnectCodeOf(reason));
  }
  std::string out;
  EncodeConnack(connack, version_, out);
  if (SendIfFits(out) || connack.properties.empty()) return;
  SendRefusal(reason, "");
}

// ---- answers
// --------------------------------------------------------------------------------------

void Connection::Suback(PacketId id, std::span<const uint8_t> codes) {
  if (state_ != State::kConnected || unanswered_ == 0) return;
  --unanswered_;
  mqtt::Suback suback{id, {codes.begin(), codes.end()}, {}};
  if (version_ != Version::k5) {
    for (uint8_t& code : suback.codes) code = std::min(code, kSubackFailure);
  }
  std::string out;
  Encode(suback, version_, out);
  if (!SendIfFits(out)) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kPacketTooLarge, "MQTT5-3.1.2-24", "the client takes no such SUBACK"});
  }
  PumpHeld();
}

void Connection::Unsuback(PacketId id, std::span<const uint8_t> codes) {
  if (state_ != State::kConnected || unanswered_ == 0) return;
  --unanswered_;
  std::string out;
  Encode(mqtt::Unsuback{id, {}, {codes.begin(), codes.end()}}, version_, out);
  if (!SendIfFits(out)) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kPacketTooLarge, "MQTT5-3.1.2-24", "the client takes no such UNSUBACK"});
  }
  PumpHeld();
}

void Connection::Close(Reason reason) { Finish(CloseCause::kOwner, {reason, "", ""}); }

void Connection::SendDisconnect(Reason reason, const char* why) {
  const bool known = IsReasonOf(PacketType::kDisconnect, static_cast<uint8_t>(reason));
  Disconnect disconnect{known ? reason : Reason::kUnspecifiedError, {}};
  if (*why != 0) disconnect.properties.push_back(Text(PropertyId::kReasonString, why));
  std::string out;
  Encode(disconnect, version_, out);
  if (SendIfFits(out) || disconnect.properties.empty()) return;
  SendDisconnect(reason, "");
}

// ---- effects of the session
// -------------------------------------------------------------------------

bool Connection::Sendable(const PublishHead& head, const Message& message) {
  PublishFraming framing{.version = version_, .with_topic = true, .alias = 0, .expiry_s = {}};
  if (message.expires_at_ms() != 0) {
    if (!head.dup && handler_->UnixNowMs() >= message.expires_at_ms()) return false;
    framing.expiry_s = 0;  // its size is what counts
  }
  return !terms_ || PublishSize(head, message, framing) <= terms_->max_packet_size;
}

void Connection::SendPublish(const PublishHead& head, const SharedMessage& message) {
  PublishFraming framing{.version = version_, .with_topic = true, .alias = 0, .expiry_s = {}};
  if (terms_) {
    if (message->expires_at_ms() != 0) {
      // MQTT5-3.3.2-6
      const int64_t left = std::max<int64_t>(0, message->expires_at_ms() - handler_->UnixNowMs());
      framing.expiry_s = static_cast<uint32_t>(std::min<int64_t>((left + 999) / 1000, UINT32_MAX));
    }
    PublishFraming aliased = framing;
    aliased.alias = 1;
    if (PublishSize(head, *message, aliased) <= terms_->max_packet_size) {
      terms_->outbound.Frame(message->topic(), framing);
    }
  }
  if (PublishHeadSize(head, *message) <= kSmallHead) {
    std::array<char, kSmallHead> small;
    const size_t size = WritePublishHead(head, *message, small.data(), framing);
    return handler_->OnSendPublish({small.data(), size}, message);
  }
  std::string large;
  EncodePublishHead(head, *message, large, framing);
  handler_->OnSendPublish(large, message);
}

void Connection::SendAck(PacketType type, PacketId id, Reason reason) {
  std::string out;
  EncodeAck(type, id, version_, reason, out);
  handler_->OnSend(out);
}

void Connection::Acknowledged(Token token) { handler_->OnAcknowledged(token); }

void Connection::Drained() { handler_->OnDrained(); }

void Connection::Withheld(Reason reason) {
  Finish(CloseCause::kWithheld, {reason, "", "a request could not be executed"});
}

void Connection::Receptive() { PumpHeld(); }

}  // namespace chat::mqtt
