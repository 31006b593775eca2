// From Redis to the workers: one subscription per account with a session here, each event encoded
// to BERT once and handed to the workers that have receivers. PROTOCOL 1.5: the MQTT topic is data
// in the event; the channel is chosen by the reader's side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "chat/v1/event.pb.h"
#include "libs/redis/subscriber.h"
#include "services/gateway/session/event_flow.h"

namespace chat::gateway {

using SharedEvent = std::shared_ptr<const ReadyEvent>;

// Encodes the record; the only place where an event becomes bytes. Null message when it would
// exceed MQTT.
ReadyEvent MakeReady(const v1::Event& event);

class Fanout {
 public:
  // What a worker hears; called on the subscriber's thread, so each only posts.
  struct Receiver {
    std::function<void(int64_t account, SharedEvent event)> on_event;
    std::function<void(int64_t horizon)> on_horizon;
    std::function<void(bool up)> on_connection;
  };

  Fanout(const std::string& redis, std::vector<Receiver> receivers);
  ~Fanout();

  // A worker has its first session of this account; `confirmed` is called once, on the subscriber's
  // thread, when nothing of the account is missed any more. While Redis is away it is not called.
  void Join(int64_t account, size_t worker, std::function<void()> confirmed);
  // It has none any more.
  void Leave(int64_t account, size_t worker);
  bool up() const;

 private:
  struct Channel {
    uint64_t workers = 0;  // bit set
    bool confirmed = false;
    std::vector<std::function<void()>> waiting;
  };
  void OnMessage(std::string_view channel, std::string_view payload);
  void OnSubscribed(const std::vector<std::string>& channels);
  void OnConnection(bool up);

  std::vector<Receiver> receivers_;
  std::mutex mutex_;
  std::map<int64_t, Channel> accounts_;
  // A p2p event comes once for each side; the second one needs no second encoding.
  std::pair<int64_t, int64_t> last_key_;
  SharedEvent last_event_;
  std::unique_ptr<redis::Subscriber> subscriber_;  // last: its thread uses the rest
};

}  // namespace chat::gateway
