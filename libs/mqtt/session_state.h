#pragma once

#include <deque>
#include <vector>

#include "libs/mqtt/session.h"

// The parts of a Session that exist only while they hold something. Private to session*.cc.
namespace chat::mqtt {

struct Session::Outbound {
  // Sent, not yet acknowledged (QoS 1) or received (QoS 2), as first sent [MQTT-4.6.0-1].
  struct Published {
    SharedMessage message;
    Token token;
    PacketId id;
    Qos qos;
    bool retain;
    bool fresh;  // sent on the present connection
    SubscriptionIds subscriptions = nullptr;
  };
  // PUBREC has come, PUBCOMP has not, in order of PUBREC [MQTT-4.6.0-4].
  struct Released {
    Token token;
    PacketId id;
    bool fresh;  // PUBREL sent on the present connection
  };

  std::vector<Published> published;
  std::vector<Released> released;
  std::unique_ptr<std::deque<Queued>> queue;  // null when empty
  size_t queue_bytes = 0;
  size_t queued_first = 0;  // at the front of the queue: those of DeliverFirst

  // Of in_flight(), what the client has or is being sent on the present connection.
  size_t active() const {
    size_t count = released.size();
    for (const Published& entry : published) count += entry.fresh ? 1 : 0;
    return count;
  }
  size_t in_flight() const { return published.size() + released.size(); }
  size_t queued() const { return queue ? queue->size() : 0; }
};

struct Session::InboundState {
  enum class Stage : uint8_t {
    kExecuting,
    kDone,      // acknowledged as soon as all before it are
    kWithheld,  // ends the connection as soon as all before it are acknowledged
    kEnded,     // has ended it: nothing behind is acknowledged
  };
  // One PUBACK or PUBREC to be sent, in order of arrival.
  struct Pending {
    InboundHandle handle;
    PacketId id;
    Qos qos;
    Stage stage;
    Reason reason;
  };
  // A QoS 2 packet id between PUBLISH and PUBREL.
  struct Unreleased {
    InboundHandle handle;  // of its execution
    PacketId id;
    bool executed;
  };

  std::vector<Pending> pending;
  std::vector<Unreleased> unreleased;
};

}  // namespace chat::mqtt
