// From Redis to the workers: one subscription per account with a session here and per room of such
// an account, one for what is said to many accounts of this gateway; each event encoded to BERT
// once and handed to the workers that have receivers. PROTOCOL 1.5: the MQTT topic is data in the
// event; the channel is chosen by the reader's side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "chat/v1/event.pb.h"
#include "libs/redis/publisher.h"
#include "libs/redis/subscriber.h"
#include "services/gateway/fanout/room_table.h"
#include "services/gateway/session/event_flow.h"

namespace chat::gateway {

// Encodes the record; the only place where an event becomes bytes. Null message when it would
// exceed MQTT, or when the event has no topic and only tells the gateway something.
ReadyEvent MakeReady(const v1::Event& event);

class Fanout {
 public:
  // What a worker hears; called on the subscriber's thread, so each only posts.
  struct Receiver {
    std::function<void(int64_t account, SharedEvent event)> on_event;
    std::function<void(int64_t feed, SharedEvent event)> on_room_event;
    std::function<void(int64_t horizon)> on_horizon;
    std::function<void(bool up)> on_connection;
  };

  // A registering or anonymous connection was admitted somewhere; on the subscriber's thread, in
  // one order on all gateways (SessionRegistry::OnNameTold).
  using OnName = std::function<void(const std::string& client_id, const std::string& ticket)>;

  // What a channel is of.
  struct Channel {
    enum class Of : char { kAccount = 'a', kRoom = 'r' };
    Of of;
    int64_t id;  // account, or feed
    friend auto operator<=>(const Channel&, const Channel&) = default;
  };

  // `gateway`: this one's name in the presence leases.
  Fanout(const std::string& redis, const std::string& gateway, std::vector<Receiver> receivers,
         OnName on_name);
  ~Fanout();

  // A worker has its first receiver of this channel; `confirmed` is called once, on the
  // subscriber's thread, when nothing of it is missed any more. While Redis is away it is not
  // called.
  void Join(Channel channel, size_t worker, std::function<void()> confirmed);
  // It has none any more. The subscription stays for a while: who comes back soon has missed
  // nothing, and no late confirmation is taken for one of a newer subscription.
  void Leave(Channel channel, size_t worker);
  // Ends what nobody has listened to since the last but one call. Every few seconds.
  void EndIdle();
  bool up() const;
  // What to publish when such a connection is admitted.
  static redis::Publication NameTaken(const std::string& client_id, const std::string& ticket);

 private:
  struct Listeners {
    uint64_t workers = 0;  // bit set
    bool confirmed = false;
    int idle = 0;  // calls of EndIdle() without a listener
    std::vector<std::function<void()>> waiting;
  };
  uint64_t WorkersOf(const Channel& channel);
  void PassOn(const Channel& channel, const SharedEvent& event);
  void OnMessage(std::string_view channel, std::string_view payload);
  void OnSubscribed(const std::vector<std::string>& channels);
  void OnConnection(bool up);

  std::vector<Receiver> receivers_;
  const OnName on_name_;
  std::mutex mutex_;
  std::map<Channel, Listeners> channels_;
  std::set<Channel> idle_;
  const std::string own_channel_;
  // A p2p event comes once for each side; the second one needs no second encoding.
  std::pair<int64_t, int64_t> last_key_;
  SharedEvent last_event_;
  std::unique_ptr<redis::Subscriber> subscriber_;  // last: its thread uses the rest
};

}  // namespace chat::gateway
