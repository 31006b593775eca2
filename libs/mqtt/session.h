#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "libs/mqtt/codec.h"
#include "libs/mqtt/message.h"
#include "libs/mqtt/packet.h"

namespace chat::mqtt {

// Chosen by the caller for each outbound message, opaque here (the gateway finds feed and position
// by it). Need not be unique.
using Token = uint64_t;

// Names one inbound request between its arrival and its acknowledgement. Zero: nothing to
// acknowledge (QoS 0).
enum class InboundHandle : uint32_t {};
inline constexpr InboundHandle kNoHandle{0};

// Bounds of a session; one object shared by all sessions, which must outlive them.
struct SessionLimits {
  uint16_t window = 32;  // unacknowledged QoS 1/2 messages out; made for up to some hundred
  uint16_t ahead = 8;    // slots beyond it that only DeliverFirst may take
  uint32_t queue_messages = 1000;    // waiting behind the window
  uint32_t queue_bytes = 1'048'576;  // of topics and payloads waiting behind the window
  uint16_t max_executing = 64;       // inbound QoS 1/2 not yet acknowledged; reading pauses at it
  // Inbound QoS 2 ids not yet released; in 5.0 all inbound QoS 1/2 without their last
  // acknowledgement, as CONNACK says [MQTT5-3.3.4-7]. One more is an error.
  uint16_t receive_maximum = 1024;
};

// Where the effects of a session go while it is attached to a network connection. Called
// synchronously from inside the session's methods, in wire order. From inside these calls any
// method of the session may be called, but Attach and destruction.
class SessionLink {
 public:
  // Whether the message may be sent: false when its life is over [MQTT5-3.3.2-5] or the packet
  // would be larger than the client takes [MQTT5-3.1.2-25]. It then counts as delivered. A
  // repetition (head.dup) has been begun in time: only its size is judged.
  virtual bool Sendable(const PublishHead& head, const Message& message) = 0;
  virtual void SendPublish(const PublishHead& head, const SharedMessage& message) = 0;
  // PUBACK, PUBREC, PUBREL or PUBCOMP. `reason` travels in 5.0 only.
  virtual void SendAck(PacketType type, PacketId id, Reason reason) = 0;
  // The receiver has it (PUBACK, or PUBCOMP): exactly once per delivery that was taken into the
  // window or the queue, unless it was taken out by TakeQueue or ended with the session.
  virtual void Acknowledged(Token token) = 0;
  // After a kFull answer: the queue is at most half full and takes messages again.
  virtual void Drained() = 0;
  // An inbound request was answered with a reason that withholds its acknowledgement, and all
  // before it are acknowledged: nothing more may be acknowledged on this connection. It must be
  // closed.
  virtual void Withheld(Reason reason) = 0;
  // Acknowledgements have left and executing() is below the limit again.
  virtual void Receptive() = 0;

 protected:
  ~SessionLink() = default;
};

enum class Delivery : uint8_t {
  kSent,       // QoS 0: written, done, its token is never acknowledged. QoS 1/2: in the window
  kQueued,     // waits; sent and acknowledged later
  kFull,       // not taken. Nor is anything else until Drained: read it again from history then
  kDropped,    // QoS 0 while detached
  kDiscarded,  // not Sendable: done, its token is never acknowledged
};

// What a client of 5.0 wants of the session; the defaults are 3.x's.
struct ClientTerms {
  Version version = Version::k311;
  uint16_t window = 65535;  // its Receive Maximum [MQTT5-3.3.4-9]
};

// The QoS state of a session that crosses to another gateway. Plain data; `message` may be left
// null by whoever carries it over a wire, and filled again from history before Restore.
struct SessionSnapshot {
  struct Outbound {
    PacketId id = kNoPacketId;
    Token token = 0;
    Qos qos = Qos::kAtLeastOnce;
    bool retain = false;
    bool released = false;  // PUBREC came, PUBREL is due; has no message
    SharedMessage message;
    SubscriptionIds subscriptions = nullptr;
  };
  std::vector<Outbound>
      outbound;                   // released ones in order of PUBREC, then the others as first sent
  std::vector<PacketId> inbound;  // QoS 2: executed, not released by the client
  PacketId next_id{1};
};

// The server's half of a session's QoS state (MQTT 4.3, 4.4, 4.6): what was sent and is not
// acknowledged, what waits behind the window, what came in and is being executed. It outlives
// network connections; subscriptions are not in here. No I/O, clock or thread; one owner at a time.
//
// Life: Attach (a connection was accepted; new messages queue, DeliverFirst passes) -> Resume
// (unacknowledged ones are sent again, then the queue, from now on live) -> Detach (connection
// gone).
//
// Memory: below 80 bytes and nothing on the heap while nothing is in flight, queued or executing.
class Session {
 public:
  // `first_id` is the first packet id used. A session restored WITHOUT its snapshot (the gateway
  // was killed) should begin far from where the lost one may have stood, since a client that still
  // holds an unreleased QoS 2 id takes a new message with that id for a duplicate: derive it from
  // the epoch.
  explicit Session(const SessionLimits& limits, PacketId first_id = PacketId{1});

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  // ---- the connection -------------------------------------------------------------------------
  // Precondition: detached. `link` stays valid until Detach.
  void Attach(SessionLink& link, const ClientTerms& terms = {});
  // Sends PUBREL for all that are past PUBREC, in that order [MQTT-4.6.0-4], and the other
  // unacknowledged PUBLISHes with DUP in their original order [MQTT-4.4.0-1] [MQTT-4.6.0-1], but
  // not those sent since Attach; then as much of the queue as the window takes. Of all this, no
  // more at a time than the client's own window allows [MQTT5-4.9.0-2]. Once per Attach.
  void Resume();
  // Unanswered inbound QoS 1 is forgotten (the client sends it again); QoS 2 being executed is
  // remembered, so that it is not executed twice. Idempotent.
  void Detach();
  bool attached() const { return link_ != nullptr; }

  // ---- outbound -------------------------------------------------------------------------------
  // Takes one message for the receiver, `qos` already lowered to the subscription's. Order of calls
  // is order on the wire, for QoS 0 only among itself: it never waits. While detached or before
  // Resume QoS 1/2 queue. `again`: a connection whose state is lost may have sent it, so QoS 1/2
  // carry DUP [MQTT-3.3.1-1].
  Delivery Deliver(SharedMessage message, Qos qos, Token token, bool retain = false,
                   SubscriptionIds subscriptions = nullptr, bool again = false);
  // For the few messages that must precede a stored session's backlog (PROTOCOL 1.6): sent now,
  // ahead of the queue and, by `ahead` slots, beyond the window; where the client's own window is
  // used up, as the next of the queue. kFull when even those slots are taken; kDropped while
  // detached.
  Delivery DeliverFirst(SharedMessage message, Qos qos, Token token, bool retain = false,
                        SubscriptionIds subscriptions = nullptr);

  // From the client. Each answers an error when the packet breaks the protocol: close the
  // connection. Unknown ids are no error: PUBREC and PUBREL are answered so that the client can
  // finish. A reason from 0x80 on ends the delivery [MQTT5-4.4.0-2] [MQTT5-4.3.3-4].
  [[nodiscard]] std::optional<ProtocolError> OnPuback(PacketId id);
  [[nodiscard]] std::optional<ProtocolError> OnPubrec(PacketId id,
                                                      Reason reason = Reason::kSuccess);
  [[nodiscard]] std::optional<ProtocolError> OnPubcomp(PacketId id);

  // ---- inbound --------------------------------------------------------------------------------
  struct Inbound {
    enum class What : uint8_t { kExecute, kDuplicate, kError };
    What what = What::kExecute;
    InboundHandle handle = kNoHandle;  // kExecute with QoS 1/2: for AckInbound
    ProtocolError error;               // kError
  };
  // kExecute: hand it to the application. kDuplicate: a QoS 2 repetition, already handed; its
  // PUBREC is taken care of. Precondition: attached; executing() below the limit, or QoS 0.
  Inbound OnPublish(const Publish& publish);
  [[nodiscard]] std::optional<ProtocolError> OnPubrel(PacketId id);

  // The request has been executed (committed). PUBACK / PUBREC leave in order of arrival, whatever
  // the order of these calls (O5). In 5.0 they carry the reason, and one from 0x80 on frees a QoS 2
  // id. 3.x has no negative acknowledgement: every reason acknowledges, except
  // kImplementationSpecificError (O4 "unavailable"), which withholds: see SessionLink::Withheld; a
  // QoS 2 id withheld is free again. kNoHandle and handles of an earlier connection's QoS 1 are
  // ignored.
  void AckInbound(InboundHandle handle, Reason reason = Reason::kSuccess);

  // Inbound QoS 1/2 that await their acknowledgement.
  size_t executing() const;
  bool receptive() const { return executing() < limits_->max_executing; }

  // Whether a QoS 1/2 message would be sent at once.
  bool HasRoom() const;

  // ---- state ----------------------------------------------------------------------------------
  size_t in_flight() const;   // sent, unacknowledged
  size_t queued() const;      // waiting behind the window
  size_t unreleased() const;  // inbound QoS 2 ids held
  bool idle() const { return !outbound_ && !inbound_; }
  const SessionLimits& limits() const { return *limits_; }

  struct Queued {
    SharedMessage message;
    Token token = 0;
    Qos qos = Qos::kAtLeastOnce;
    bool retain = false;
    SubscriptionIds subscriptions = nullptr;
    bool again = false;
  };
  // Takes the queue out, oldest first (hand-over; a session that is to read its backlog from
  // history). Takes back a kFull answer without Drained.
  std::vector<Queued> TakeQueue();

  // Of what is sent and unacknowledged, or waits behind the window.
  std::vector<Token> Tokens() const;

  // What another gateway needs to go on. The queue is not in it (TakeQueue), nor is QoS 2 still
  // being executed: let that finish first, or it may be executed twice.
  SessionSnapshot Snapshot() const;
  // Precondition: fresh, detached. Entries that are unreleased and have no message are left out:
  // their tokens are never acknowledged, deliver them anew. More than the window holds is kept all
  // the same.
  void Restore(const SessionSnapshot& snapshot);

 private:
  struct Outbound;
  struct InboundState;

  Outbound& outbound();
  size_t window() const;
  bool InUse(PacketId id) const;
  PacketId NextId();
  bool QueueHasRoom(const Message& message) const;
  bool Sendable(const SharedMessage& message, Qos qos, bool retain,
                const SubscriptionIds& subscriptions) const;
  bool ClientHasRoom() const;
  void Launch(Queued item);
  void LaunchQueued();
  void Enqueue(Queued item, bool first);
  void ResendReleased();
  // False when the client's window is used up before all are sent.
  bool ResendPublished();
  size_t Outstanding() const;
  void Settle();
  void TidyOutbound();
  bool FlushAcks();
  void TidyInbound();

  const SessionLimits* limits_;
  SessionLink* link_ = nullptr;
  std::unique_ptr<Outbound> outbound_;
  std::unique_ptr<InboundState> inbound_;
  uint32_t next_handle_ = 1;
  PacketId next_id_;
  ClientTerms terms_;
  bool resumed_ = false;
  bool refusing_ = false;  // kFull was answered and Drained not yet called
};

}  // namespace chat::mqtt
