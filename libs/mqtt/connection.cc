#include "libs/mqtt/connection.h"

#include <array>
#include <utility>

namespace chat::mqtt {

namespace {

// PUBLISH heads up to this size are built on the stack.
constexpr size_t kSmallHead = 512;

std::unique_ptr<StoredWill> Store(const std::optional<Will>& will) {
  if (!will) return nullptr;
  return std::make_unique<StoredWill>(
      StoredWill{std::string(will->topic), std::string(will->payload), will->qos, will->retain});
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

}  // namespace

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

void Connection::Handle(const Packet& packet) {
  if (const auto* connect = std::get_if<Connect>(&packet)) return HandleConnect(*connect);
  if (state_ != State::kConnected) {
    return Finish(CloseCause::kProtocolError,
                  {Reason::kProtocolError, "MQTT-3.1.0-1", "the first packet is not CONNECT"});
  }
  if (const auto* publish = std::get_if<Publish>(&packet)) return HandlePublish(*publish);
  if (const auto* p = std::get_if<Puback>(&packet)) return FailIf(session_->OnPuback(p->id));
  if (const auto* p = std::get_if<Pubrec>(&packet)) return FailIf(session_->OnPubrec(p->id));
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
  if (std::holds_alternative<Disconnect>(packet)) {
    will_.reset();  // MQTT-3.14.4-3
    Finish(CloseCause::kClientDisconnect, {});
  }
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
  // MQTT-3.1.3-7, MQTT-3.1.3-8; 3.1 wants 1 to 23 characters.
  if (connect.client_id.empty() && (!clean_session_ || version_ == Version::k31)) {
    return Refuse(ConnectCode::kIdentifierRejected);
  }
  will_ = Store(connect.will);
  handler_->OnConnect(connect);
}

void Connection::HandlePublish(const Publish& publish) {
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

void Connection::HandleMalformed(const ProtocolError& error) {
  const bool unsupported = error.reason == Reason::kUnsupportedProtocolVersion;
  if (!unsupported || state_ != State::kAwaitingConnect) {
    return Finish(CloseCause::kProtocolError, error);
  }
  // MQTT-3.1.2-2, or 5.0 3.2.2.2 where the client speaks it.
  const bool v5 = decoder_.connect_level() == static_cast<uint8_t>(Version::k5);
  const auto code = v5 ? static_cast<uint8_t>(Reason::kUnsupportedProtocolVersion)
                       : static_cast<uint8_t>(ConnectCode::kUnacceptableProtocolVersion);
  std::string out;
  EncodeConnack({.session_present = false, .code = code, .properties = {}},
                v5 ? Version::k5 : Version::k311, out);
  handler_->OnSend(out);
  Finish(CloseCause::kRefused, error);
}

void Connection::FailIf(const std::optional<ProtocolError>& error) {
  if (error) Finish(CloseCause::kProtocolError, *error);
}

// ---- the verdict
// ----------------------------------------------------------------------------------

void Connection::Accept(Session& session, bool session_present, Millis now) {
  if (state_ != State::kConnecting) return;
  state_ = State::kConnected;
  last_heard_ = now;
  session_ = &session;
  session_->Attach(*this);
  const Connack connack{.session_present = session_present && !clean_session_,
                        .code = static_cast<uint8_t>(ConnectCode::kAccepted),
                        .properties = {}};
  std::string out;
  EncodeConnack(connack, version_, out);
  handler_->OnSend(out);
}

void Connection::Proceed() {
  if (state_ != State::kConnected || proceeding_) return;
  proceeding_ = true;
  PumpHeld();
}

void Connection::Refuse(ConnectCode code) {
  if (state_ != State::kConnecting || code == ConnectCode::kAccepted) return;
  std::string out;
  EncodeConnack({.session_present = false, .code = static_cast<uint8_t>(code), .properties = {}},
                version_, out);
  handler_->OnSend(out);
  Finish(CloseCause::kRefused, {ReasonOf(code), "MQTT-3.2.2-5", "CONNECT refused"});
}

// ---- answers
// --------------------------------------------------------------------------------------

void Connection::Suback(PacketId id, std::span<const uint8_t> codes) {
  if (state_ != State::kConnected || unanswered_ == 0) return;
  --unanswered_;
  std::string out;
  Encode(mqtt::Suback{id, {codes.begin(), codes.end()}, {}}, version_, out);
  handler_->OnSend(out);
  PumpHeld();
}

void Connection::Unsuback(PacketId id) {
  if (state_ != State::kConnected || unanswered_ == 0) return;
  --unanswered_;
  std::string out;
  EncodeAck(PacketType::kUnsuback, id, out);
  handler_->OnSend(out);
  PumpHeld();
}

void Connection::Close(Reason reason) { Finish(CloseCause::kOwner, {reason, "", ""}); }

void Connection::Finish(CloseCause cause, const ProtocolError& error) {
  if (state_ == State::kClosed) return;
  const bool was_connected = state_ == State::kConnected;
  state_ = State::kClosed;
  if (Session* session = std::exchange(session_, nullptr)) session->Detach();
  if (!was_connected) will_.reset();  // the will is stored with the acceptance [MQTT-3.1.2-8]
  if (!pumping_) held_.reset();       // views into it may be in use up the stack
  handler_->OnClosed({cause, error, std::move(will_)});
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

// ---- effects of the session
// -------------------------------------------------------------------------

void Connection::SendPublish(const PublishHead& head, const SharedMessage& message) {
  if (PublishHeadSize(*message) <= kSmallHead) {
    std::array<char, kSmallHead> small;
    const size_t size = WritePublishHead(head, *message, small.data());
    return handler_->OnSendPublish({small.data(), size}, message);
  }
  std::string large;
  EncodePublishHead(head, *message, large);
  handler_->OnSendPublish(large, message);
}

void Connection::SendAck(PacketType type, PacketId id, Reason) {
  std::string out;
  EncodeAck(type, id, out);
  handler_->OnSend(out);
}

void Connection::Acknowledged(Token token) { handler_->OnAcknowledged(token); }

void Connection::Drained() { handler_->OnDrained(); }

void Connection::Withheld(Reason reason) {
  Finish(CloseCause::kWithheld, {reason, "", "a request could not be executed"});
}

void Connection::Receptive() { PumpHeld(); }

}  // namespace chat::mqtt
