#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/packet.h"
#include "libs/mqtt/session.h"

namespace chat::mqtt {

// Monotonic milliseconds of the owner's clock.
using Millis = int64_t;

// Shared by all connections, which it must outlive.
struct ConnectionLimits {
  uint32_t max_packet_size = 1'048'576;  // whole packet; larger: closed
  Millis connect_timeout_ms = 10'000;    // from construction to a whole CONNECT
  uint32_t max_held_bytes = 262'144;     // arrived while reading is paused; more: closed
  uint16_t max_unanswered = 16;  // SUBSCRIBE / UNSUBSCRIBE without answer; reading pauses at it
  // 5.0 only.
  uint16_t max_keep_alive_s = 0;   // longer ones, and none, become this [MQTT5-3.1.2-21]; 0: any
  uint16_t inbound_aliases = 16;   // topic aliases that a client may use
  uint16_t outbound_aliases = 16;  // that are used for a client, if it takes as many
};

enum class CloseCause : uint8_t {
  kClientDisconnect,  // DISCONNECT: the only clean end; 5.0 may ask for the will all the same
  kNetworkLost,       // OnNetworkLost
  kProtocolError,     // see `error`
  kConnectTimeout,
  kKeepAliveTimeout,
  kRefused,   // CONNACK with a return code other than 0 was sent
  kWithheld,  // O4: a request could not be executed, its acknowledgement is withheld
  kOwner,     // Close
};

// A will that outlives the packet it came in.
struct StoredWill {
  std::string topic;
  std::string payload;
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  // 5.0 only.
  uint32_t delay_s = 0;              // published after it, or at the session's end [MQTT5-3.1.3-9]
  std::optional<uint32_t> expiry_s;  // of the message, from its publication on
  std::string properties;            // as PassedOn() gives them
};

struct Closed {
  CloseCause cause = CloseCause::kNetworkLost;
  ProtocolError error;  // kProtocolError, kRefused, kWithheld, kOwner: reason; texts may be ""
  // To be published, after its delay [MQTT-3.1.2-8]; null after a DISCONNECT that drops it.
  std::unique_ptr<StoredWill> will;
  std::optional<uint32_t> session_expiry_s;  // a new one out of DISCONNECT (5.0, 3.14.2.2.2)
};

// What 5.0 calls a session that does not end by itself.
inline constexpr uint32_t kNeverExpires = 0xFFFF'FFFF;
// The life that a CONNECT asks for its session after the connection: of 3.x 0 or kNeverExpires, as
// clean_session says.
uint32_t SessionExpiryOf(const Connect& connect);

// The verdict about a CONNECT that is accepted. Views hold during the call.
struct Acceptance {
  bool session_present = false;
  // 5.0 only.
  std::string_view assigned_client_id = {};       // [MQTT5-3.1.3-7] [MQTT5-3.2.2-16]
  std::optional<uint32_t> session_expiry_s = {};  // where it is not what the client asked for
  std::string_view response_info = {};            // told to clients that ask for it
};

// The owner of a connection: performs its effects. Called synchronously from inside the
// connection's (and the attached session's) methods, in order. Views hold only during the call.
//
// Reentrancy: from inside any of these, every method of Connection and Session may be called, but
// OnBytes, OnTime and destruction. A nested call's callbacks come before it returns.
class ConnectionHandler {
 public:
  // Bytes for the socket; append them to the write buffer. On OnClosed write out what is left
  // before closing the socket.
  virtual void OnSend(std::string_view bytes) = 0;
  // A PUBLISH: `head`, then message->payload(). The owner may keep the message instead of copying.
  virtual void OnSendPublish(std::string_view head, const SharedMessage& message) {
    OnSend(head);
    OnSend(message->payload());
  }
  // A packet was decoded and is handled next; for counts. A malformed one does not come here.
  virtual void OnPacket(PacketType) {}
  // A valid CONNECT arrived. Answer with Accept or Refuse, now or later. In 5.0 its client id may
  // be empty, whatever clean_session says: assign one.
  virtual void OnConnect(const Connect& connect) = 0;
  // QoS 1/2: execute, then session.AckInbound(handle). QoS 0: kNoHandle. Duplicates of QoS 2 do not
  // come here.
  virtual void OnPublish(const Publish& publish, InboundHandle handle) = 0;
  // Answer with Suback, one code per subscription, now or later.
  virtual void OnSubscribe(const Subscribe& subscribe) = 0;
  // Answer with Unsuback, now or later.
  virtual void OnUnsubscribe(const Unsubscribe& unsubscribe) = 0;
  // See SessionLink.
  virtual void OnAcknowledged(Token token) = 0;
  virtual void OnDrained() = 0;
  // wants_read() has become true again. It becomes false only inside OnBytes and
  // Throttle.
  virtual void OnReadable() = 0;
  // The owner's clock, Unix milliseconds; asked only for messages that expire.
  virtual int64_t UnixNowMs() { return 0; }
  // The last call. The session is detached already. Flush, close the socket, destroy the connection
  // later (not from inside).
  virtual void OnClosed(Closed closed) = 0;

 protected:
  ~ConnectionHandler() = default;
};

// The server's half of one network connection: bytes and time in, effects out. One owner, no
// threads.
//
//   kAwaitingConnect --CONNECT--> kConnecting --Accept--> kConnected --(any end)--> kClosed
//                                     `--Refuse--> kClosed
//
// What the client sends behind its CONNECT waits, bounded, until Proceed. An idle connection holds
// no buffer; it is below 200 bytes without a will.
class Connection final : private SessionLink {
 public:
  enum class State : uint8_t { kAwaitingConnect, kConnecting, kConnected, kClosed };

  // `limits` and `handler` must outlive it. `now` starts the CONNECT timer.
  Connection(const ConnectionLimits& limits, ConnectionHandler& handler, Millis now);
  // Detaches the session if still attached; no callback.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // ---- the network ----------------------------------------------------------------------------
  // Bytes as they arrived, any split. After kClosed they are ignored.
  void OnBytes(std::string_view bytes, Millis now);
  // While false the owner should stop reading its socket: a verdict, Proceed or acknowledgements
  // are awaited. What still arrives is held up to max_held_bytes.
  bool wants_read() const;
  // While on, wants_read() is false and no packet is handled: for an owner with too much to do (QoS
  // 0 requests are counted by nobody else) or too much to write. Silence does not count meanwhile.
  void Throttle(bool on);
  // The socket ended without DISCONNECT.
  void OnNetworkLost();

  // ---- time -----------------------------------------------------------------------------------
  // Closes when the CONNECT timer or 1.5 x keep-alive [MQTT-3.1.2-24] has run out.
  void OnTime(Millis now);
  // The time at which OnTime must next be called, if any. May move later with each packet, so a
  // timer that fires early asks again. It moves earlier only by Accept.
  std::optional<Millis> NextDeadline() const;

  // ---- verdict about CONNECT (state kConnecting)
  // -------------------------------------------------- Sends CONNACK 0 and attaches the session,
  // which must outlive the connection's open state. `session_present` is sent as 0 after a clean
  // CONNECT and to 3.1 clients [MQTT-3.2.2-1]. Then: session.DeliverFirst for what must come first,
  // Proceed, session.Resume; the last two in any order, at any later time.
  void Accept(Session& session, const Acceptance& acceptance, Millis now);
  void Accept(Session& session, bool session_present, Millis now) {
    Accept(session, Acceptance{.session_present = session_present}, now);
  }
  // Handles what the client has sent since CONNECT and lets reading go on.
  void Proceed();
  // Sends CONNACK with the reason (from 0x80 on; 3.x gets the code nearest to it) and closes.
  // Ignored in other states.
  void Refuse(Reason reason);
  void Refuse(ConnectCode code) { Refuse(ReasonOf(code)); }

  // ---- answers --------------------------------------------------------------------------------
  // Codes: granted QoS or a Reason from 0x80 on, which 3.x hears as kSubackFailure; as many as the
  // SUBSCRIBE had filters [MQTT-3.8.4-5].
  void Suback(PacketId id, std::span<const uint8_t> codes);
  // Codes: a Reason for each filter; 3.x hears none.
  void Unsuback(PacketId id, std::span<const uint8_t> codes);

  // Ends the connection from the server's side (take-over, drain, logout, a limit); 5.0 is told the
  // reason by DISCONNECT, before its verdict by CONNACK. The will is handed out with OnClosed; that
  // of a session ended on purpose is the owner's to drop.
  void Close(Reason reason);

  State state() const { return state_; }
  Session* session() const { return session_; }
  Version version() const { return version_; }
  // What the peer takes: a whole packet, in bytes.
  uint32_t max_outbound_packet() const;

 private:
  // SessionLink.
  bool Sendable(const PublishHead& head, const Message& message) override;
  void SendPublish(const PublishHead& head, const SharedMessage& message) override;
  void SendAck(PacketType type, PacketId id, Reason reason) override;
  void Acknowledged(Token token) override;
  void Drained() override;
  void Withheld(Reason reason) override;
  void Receptive() override;

  struct Held;
  struct Terms;

  // Decodes and handles packets while reading is wanted; whether there were any.
  bool Pump(std::string_view& input);
  // Goes on with what is held, unless a Pump runs further up the stack.
  void PumpHeld();
  void Hold(std::string_view bytes);
  void Handle(Packet& packet);
  void HandleConnect(const Connect& connect);
  void HandlePublish(Publish& publish);
  void HandleDisconnect(const Disconnect& disconnect);
  void HandleAuth();
  void LearnTerms(const Connect& connect);
  void SendRefusal(Reason reason, const char* why);
  void SendDisconnect(Reason reason, const char* why);
  Connack MakeConnack(const Acceptance& acceptance, uint16_t asked_keep_alive_s) const;
  // False when it is more than the client takes [MQTT5-3.1.2-24].
  bool SendIfFits(const std::string& bytes);
  void HandleMalformed(const ProtocolError& error);
  void FailIf(const std::optional<ProtocolError>& error);
  void Finish(CloseCause cause, const ProtocolError& error,
              std::optional<uint32_t> session_expiry_s = {});

  const ConnectionLimits* limits_;
  ConnectionHandler* handler_;
  Session* session_ = nullptr;
  Decoder decoder_;
  std::unique_ptr<Held> held_;  // arrived, not yet decoded; null when empty
  std::unique_ptr<StoredWill> will_;
  std::unique_ptr<Terms> terms_;  // 5.0 only
  Millis last_heard_;
  uint16_t keep_alive_s_ = 0;
  uint16_t unanswered_ = 0;
  State state_ = State::kAwaitingConnect;
  Version version_ = Version::k311;
  bool clean_session_ = true;
  bool proceeding_ = false;  // Proceed was called
  bool pumping_ = false;
  bool throttled_ = false;
  bool paused_ = false;  // OnReadable is due when wants_read() is true again
  bool heard_ = false;   // a packet was handled outside OnBytes: its time is unknown
};

}  // namespace chat::mqtt
