// The durable events of one session, live and replayed, each once and in order (delivery promise,
// parts 6 and 7). Pure: no clock, no I/O.
//
//   kWaiting --Resync()--> kReplaying --last page--> kLive --Resync()--> kReplaying
//       ^---page failed-------'                        `--session full--> kBlocked
//   kBlocked --OnDrained()--> kReplaying
//
// While it replays, live events wait in a short list; what does not fit there is found by a further
// pass, since all of it is durable.
//
// A page may show a position while a lower one is still being committed. Up to the stable horizon
// that comes with a page nothing new appears; above it the next page looks again, and leaves out
// what this one had. So a pass of many pages keeps the order of each feed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "libs/mqtt/message.h"
#include "libs/mqtt/session.h"
#include "services/gateway/session/cursor_tracker.h"

namespace chat::gateway {

// An event ready for the wire: encoded once, shared by all its receivers.
struct ReadyEvent {
  int64_t feed = 0;
  int64_t position = 0;  // 0: transient
  int64_t previous = 0;
  mqtt::SharedMessage message;
  mqtt::Qos qos = mqtt::Qos::kExactlyOnce;
  bool rosters_changed = false;
  bool rooms_changed = false;
  int64_t members_version = 0;  // of a room's event
  std::vector<int64_t> losers;  // accounts that lose the room with it
  int64_t committed_ms = 0;
  uint64_t trace = 0;  // 0: read from history
  // An edit of the message at position `first` (PROTOCOL O2): a session that does not have that one
  // gets `unseen` in place of `message`.
  int64_t first = 0;
  mqtt::SharedMessage unseen;
  std::string not_to_client;  // of a transient one: the session that does not get it
  // The session of this client id, or any of the account when it is empty, ends; `farewell`, if
  // there is one, goes to its own topic before. `message` is null.
  bool ends_session = false;
  std::string client_id;
  std::shared_ptr<const v1::Record> farewell;
};

// A page of history.
struct EventPage {
  std::vector<ReadyEvent> events;  // in order of position
  bool more = false;
  // What was at or below it when the page was read is in this page or an earlier one.
  int64_t stable = 0;
};

class EventFlow {
 public:
  class Host {
   public:
    // The event's QoS, lowered to the subscription's.
    virtual mqtt::Qos QosOf(const ReadyEvent& event) = 0;
    // Hands a message to the MQTT session; the token is the position.
    virtual mqtt::Delivery SendEvent(const ReadyEvent& event, mqtt::Qos qos) = 0;
    // Asks for a page above a position without those in `had`; the answer comes to OnPage or
    // OnPageFailed, later.
    virtual void AskPage(int64_t above, const std::vector<int64_t>& had) = 0;

   protected:
    ~Host() = default;
  };

  explicit EventFlow(Host& host) : host_(host) {}

  void Start(CursorTracker cursor) { cursor_ = std::move(cursor); }
  // Reads everything above the cursor again; passes on what is missing.
  void Resync();
  void OnLive(const ReadyEvent& event);
  void OnPage(const EventPage& page);
  // The page could not be had; the owner calls Resync() later.
  void OnPageFailed();
  void OnAcknowledged(int64_t position) { cursor_.Acknowledge(position); }
  // An event that was in flight when the older connection ended counts as passed on; returns what
  // the client is to get.
  mqtt::SharedMessage Restore(const ReadyEvent& event);
  void OnDrained();
  void Advance(int64_t horizon);

  CursorTracker& cursor() { return cursor_; }
  bool live() const { return state_ == State::kLive; }
  // A page failed, or nothing was asked for yet: live events are left to the next Resync().
  bool waiting() const { return state_ == State::kWaiting; }

 private:
  enum class State { kWaiting, kLive, kReplaying, kBlocked };
  // False when the session took no more.
  bool PassOn(const ReadyEvent& event);
  // Of an event that was passed on.
  mqtt::SharedMessage FormFor(const ReadyEvent& event);
  bool HandOver(const ReadyEvent& event);
  void BeginPass();
  void EndOfPass();

  static constexpr size_t kMaxHeld = 256;

  Host& host_;
  CursorTracker cursor_;
  State state_ = State::kWaiting;
  bool again_ = false;  // events arrived during the pass that found no place in held_
  bool asking_ = false;
  std::vector<ReadyEvent> held_;
  int64_t read_ = 0;          // of this pass: up to here nothing new appears
  std::vector<int64_t> had_;  // of this pass: read above it
};

}  // namespace chat::gateway
