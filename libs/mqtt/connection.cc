#include "libs/mqtt/connection.h"

#include <algorithm>
#include <utility>

#include "libs/mqtt/connection_terms.h"

namespace chat::mqtt {

namespace {

// A client may send these in DISCONNECT (3.14.2.1).
bool IsReasonOfClient(Reason reason) {
  switch (reason) {
    case Reason::kSuccess:
    case Reason::kDisconnectWithWill:
    case Reason::kUnspecifiedError:
    case Reason::kMalformedPacket:
    case Reason::kProtocolError:
    case Reason::kImplementationSpecificError:
    case Reason::kTopicNameInvalid:
    case Reason::kReceiveMaximumExceeded:
    case Reason::kTopicAliasInvalid:
    case Reason::kPacketTooLarge:
    case Reason::kMessageRateTooHigh:
    case Reason::kQuotaExceeded:
    case Reason::kAdministrativeAction:
    case Reason::kPayloadFormatInvalid:
      return true;
    default:
      return false;
  }
}

std::unique_ptr<StoredWill> Store(const std::optional<Will>& will) {
  if (!will) return nullptr;
  auto stored = std::make_unique<StoredWill>();
  stored->topic = will->topic;
  stored->payload = will->payload;
  stored->qos = will->qos;
  stored->retain = will->retain;
  stored->delay_s = FindNumber(will->properties, PropertyId::kWillDelay).value_or(0);
  stored->expiry_s = FindNumber(will->properties, PropertyId::kMessageExpiry);
  stored->properties = PassedOn(will->properties);
  return stored;
}

}  // namespace

uint32_t SessionExpiryOf(const Connect& connect) {
  if (connect.version != Version::k5) return connect.clean_session ? 0 : kNeverExpires;
  return FindNumber(connect.properties, PropertyId::kSessionExpiry).value_or(0);
}

// Bytes that arrived while reading was paused; `begin` moves over what has been decoded, so that a
// pause after each packet does not move the rest each time.
struct Connection::Held {
  std::string bytes;
  size_t begin = 0;
};

Connection::Connection(const ConnectionLimits& limits, ConnectionHandler& handler, Millis now)
    : limits_(&limits),
      handler_(&handler),
      decoder_(Role::kServer, limits.max_packet_size),
      last_heard_(now) {}

Connection::~Connection() {
  if (session_ != nullptr) session_->Detach();
}

// ---- the network
// ----------------------------------------------------------------------------------

bool Connection::wants_read() const {
  if (throttled_) return false;
  switch (state_) {
    case State::kAwaitingConnect:
      return true;
    case State::kConnected:
      return proceeding_ && unanswered_ < limits_->max_unanswered && session_->receptive();
    case State::kConnecting:
    case State::kClosed:
      return false;
  }
  return false;
}

void Connection::OnBytes(std::string_view bytes, Millis now) {
  if (state_ == State::kClosed) return;
  if (!held_ && Pump(bytes) && state_ == State::kConnected) last_heard_ = now;
  if (state_ == State::kClosed) return;
  if (!bytes.empty()) Hold(bytes);
  paused_ = state_ != State::kClosed && !wants_read();
}

void Connection::Throttle(bool on) {
  throttled_ = on;
  if (on) {
    paused_ = true;
  } else {
    PumpHeld();
  }
}

void Connection::OnNetworkLost() { Finish(CloseCause::kNetworkLost, {}); }

bool Connection::Pump(std::string_view& input) {
  bool handled = false;
  pumping_ = true;
  Packet packet{Pingreq{}};
  ProtocolError error;
  while (wants_read()) {
    const DecodeStatus status = decoder_.Next(input, packet, error);
    if (status == DecodeStatus::kNeedMore) break;
    if (status == DecodeStatus::kError) {
      HandleMalformed(error);
      break;
    }
    handled = true;
    Handle(packet);
  }
  decoder_.Trim();
  pumping_ = false;
  return handled;
}

void Connection::PumpHeld() {
  if (pumping_ || state_ == State::kClosed || !wants_read()) return;
  if (held_) {
    std::string_view rest = std::string_view(held_->bytes).substr(held_->begin);
    heard_ |= Pump(rest);
    held_->begin = held_->bytes.size() - rest.size();
    if (rest.empty() || state_ == State::kClosed) held_.reset();
  }
  if (!paused_ || !wants_read()) return;
  paused_ = false;
  handler_->OnReadable();
}

void Connection::Hold(std::string_view bytes) {
  if (!held_) held_ = std::make_unique<Held>();
  std::string& kept = held_->bytes;
  if (kept.size() - held_->begin + bytes.size() > limits_->max_held_bytes) {
    Finish(CloseCause::kProtocolError,
           {Reason::kQuotaExceeded, "", "more sent than may be held while reading is paused"});
    return;
  }
  if (held_->begin > kept.size() / 2) {
    kept.erase(0, held_->begin);
    held_->begin = 0;
  }
  kept.append(bytes);
}

// ---- packets
// --------------------------------------------------------------------------------------

void Connection::Handle(Packet& packet) {
  // The alternatives stand in the order of the types, from CONNECT on.
  handler_->OnPacket(static_cast<PacketType>(packet.index() + 1));
  if (const auto* connect = std::get_if<Connect>(&packet)) return HandleConnect(*connect);
  if (state_ != State::kConnected) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kProtocolError, "MQTT-3.1.0-1", "the first packet is not CONNECT"});
  }
  if (auto* publish = std::get_if<Publish>(&packet)) return HandlePublish(*publish);
  if (const auto* p = std::get_if<Puback>(&packet)) return FailIf(session_->OnPuback(p->id));
  if (const auto* p = std::get_if<Pubrec>(&packet)) {
    return FailIf(session_->OnPubrec(p->id, p->reason));
  }
  if (const auto* p = std::get_if<Pubrel>(&packet)) return FailIf(session_->OnPubrel(p->id));
  if (const auto* p = std::get_if<Pubcomp>(&packet)) return FailIf(session_->OnPubcomp(p->id));
  if (const auto* p = std::get_if<Subscribe>(&packet)) {
    ++unanswered_;
    return handler_->OnSubscribe(*p);
  }
  if (const auto* p = std::get_if<Unsubscribe>(&packet)) {
    ++unanswered_;
    return handler_->OnUnsubscribe(*p);
  }
  if (std::holds_alternative<Pingreq>(packet)) {
    return handler_->OnSend(std::string_view("\xD0\x00", 2));  // MQTT-3.12.4-1
  }
  if (const auto* p = std::get_if<Disconnect>(&packet)) return HandleDisconnect(*p);
  if (std::holds_alternative<Auth>(packet)) return HandleAuth();
}

void Connection::HandleConnect(const Connect& connect) {
  if (state_ != State::kAwaitingConnect) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kProtocolError, "MQTT-3.1.0-2", "a second CONNECT"});
  }
  state_ = State::kConnecting;
  version_ = connect.version;
  clean_session_ = connect.clean_session;
  keep_alive_s_ = connect.keep_alive_s;
  if (version_ == Version::k5) {
    LearnTerms(connect);
    // MQTT5-4.12.0-1: no method is offered.
    if (FindProperty(connect.properties, PropertyId::kAuthenticationMethod) != nullptr) {
      return Refuse(Reason::kBadAuthenticationMethod);
    }
  } else if (connect.client_id.empty() && (!clean_session_ || version_ == Version::k31)) {
    // MQTT-3.1.3-7, MQTT-3.1.3-8; 3.1 wants 1 to 23 characters.
    return Refuse(ConnectCode::kIdentifierRejected);
  }
  will_ = Store(connect.will);
  handler_->OnConnect(connect);
}

void Connection::LearnTerms(const Connect& connect) {
  const auto number = [&connect](PropertyId id) { return FindNumber(connect.properties, id); };
  const uint32_t aliases = number(PropertyId::kTopicAliasMaximum).value_or(0);
  terms_ = std::make_unique<Terms>(
      static_cast<uint16_t>(std::min<uint32_t>(aliases, limits_->outbound_aliases)));
  terms_->session_expiry_s = SessionExpiryOf(connect);
  terms_->max_packet_size = number(PropertyId::kMaximumPacketSize).value_or(UINT32_MAX);
  terms_->receive_maximum =
      static_cast<uint16_t>(number(PropertyId::kReceiveMaximum).value_or(65535));
  terms_->wants_response_info = number(PropertyId::kRequestResponseInfo).value_or(0) != 0;
}

void Connection::HandlePublish(Publish& publish) {
  if (terms_) {
    if (const auto error = terms_->inbound.Resolve(publish, limits_->inbound_aliases)) {
      return Finish(CloseCause::kProtocolError, *error);
    }
  }
  const Session::Inbound inbound = session_->OnPublish(publish);
  switch (inbound.what) {
    case Session::Inbound::What::kExecute:
      return handler_->OnPublish(publish, inbound.handle);
    case Session::Inbound::What::kDuplicate:
      return;
    case Session::Inbound::What::kError:
      return Finish(CloseCause::kProtocolError, inbound.error);
  }
}

void Connection::HandleDisconnect(const Disconnect& disconnect) {
  if (!IsReasonOfClient(disconnect.reason)) {
    return Finish(CloseCause::kProtocolError, {Reason::kProtocolError, "MQTT5-3.14.2-1",
                                               "a reason code of servers in DISCONNECT"});
  }
  const auto expiry = FindNumber(disconnect.properties, PropertyId::kSessionExpiry);
  if (expiry && *expiry != 0 && terms_ && terms_->session_expiry_s == 0) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kProtocolError, "MQTT5-3.1.2-23",
                   "DISCONNECT gives a life to a session that was to have none"});
  }
  if (disconnect.reason == Reason::kSuccess) will_.reset();  // MQTT-3.14.4-3
  Finish(CloseCause::kClientDisconnect, {disconnect.reason, "", ""}, expiry);
}

// No authentication method is offered, so none can have been agreed on (5.0, 4.12). "Bad
// authentication method" is a reason of DISCONNECT by 2.4 and not by 3.14.2.1: clients refuse it.
void Connection::HandleAuth() {
  Finish(CloseCause::kProtocolError, {Reason::kProtocolError, "MQTT5-4.12.0-6",
                                      "AUTH without an agreed authentication method"});
}

void Connection::HandleMalformed(const ProtocolError& error) {
  if (state_ != State::kAwaitingConnect) return Finish(CloseCause::kProtocolError, error);
  const bool v5 = decoder_.connect_level() == static_cast<uint8_t>(Version::k5);
  version_ = v5 ? Version::k5 : Version::k311;
  const bool unsupported = error.reason == Reason::kUnsupportedProtocolVersion;
  // MQTT-3.1.2-2, MQTT5-3.1.2-2; a malformed CONNECT has an answer in 5.0 only [MQTT5-4.13.2-1].
  if (unsupported || v5) SendRefusal(error.reason, error.text);
  Finish(unsupported ? CloseCause::kRefused : CloseCause::kProtocolError, error);
}

void Connection::FailIf(const std::optional<ProtocolError>& error) {
  if (error) Finish(CloseCause::kProtocolError, *error);
}

// ---- the end
// ------------------------------------------------------------------------------------------

void Connection::Finish(CloseCause cause, const ProtocolError& error,
                        std::optional<uint32_t> session_expiry_s) {
  if (state_ == State::kClosed) return;
  const State was = std::exchange(state_, State::kClosed);
  // Below 5.0 servers have no DISCONNECT; to whom it could not be sent or who left, none is.
  const bool told = cause == CloseCause::kProtocolError || cause == CloseCause::kOwner ||
                    cause == CloseCause::kKeepAliveTimeout;
  if (version_ == Version::k5 && told) {
    // MQTT5-3.14.0-1
    if (was == State::kConnected) SendDisconnect(error.reason, error.text);
    if (was == State::kConnecting) SendRefusal(error.reason, error.text);
  }
  if (Session* session = std::exchange(session_, nullptr)) session->Detach();
  // The will is stored with the acceptance [MQTT-3.1.2-8].
  if (was != State::kConnected) will_.reset();
  if (!pumping_) held_.reset();  // views into it may be in use up the stack
  handler_->OnClosed({cause, error, std::move(will_), session_expiry_s});
}

// ---- time
// -----------------------------------------------------------------------------------------

std::optional<Millis> Connection::NextDeadline() const {
  if (state_ == State::kAwaitingConnect) return last_heard_ + limits_->connect_timeout_ms;
  if (state_ != State::kConnected || keep_alive_s_ == 0) return {};
  return last_heard_ + Millis{keep_alive_s_} * 1500;
}

void Connection::OnTime(Millis now) {
  // Time in which the client was not read does not count against it.
  if (state_ == State::kConnected && (heard_ || !wants_read())) {
    heard_ = false;
    last_heard_ = now;
  }
  const std::optional<Millis> deadline = NextDeadline();
  if (!deadline || now < *deadline) return;
  if (state_ == State::kAwaitingConnect) {
    return Finish(CloseCause::kConnectTimeout,
                  {Reason::kMaximumConnectTime, "", "no CONNECT in time"});
  }
  // MQTT-3.1.2-24
  Finish(CloseCause::kKeepAliveTimeout,
         {Reason::kKeepAliveTimeout, "MQTT-3.1.2-24", "silent for 1.5 times the keep-alive"});
}

}  // namespace chat::mqtt
