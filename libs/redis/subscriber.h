// A pub/sub connection of its own thread. Subscriptions survive reconnects; what was published in
// between is lost, so the owner is told of every gap.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat::redis {

class Subscriber {
 public:
  struct Callbacks {
    // All on the subscriber's thread. `payload` is valid during the call only.
    std::function<void(std::string_view channel, std::string_view payload)> on_message;
    // The server has confirmed these subscriptions: from here on nothing of them is missed while
    // the connection stands.
    std::function<void(const std::vector<std::string>& channels)> on_subscribed;
    // The connection is up again and every wanted channel is confirmed (`true`), or it is lost
    // (`false`).
    std::function<void(bool up)> on_connection;
  };
  // Connects in the background, with back-off of 50 ms to 1 s and jitter; pings an idle server.
  Subscriber(std::string address, Callbacks callbacks);
  ~Subscriber();

  // Any thread; batched. Subscribing a wanted channel again confirms it again.
  void Subscribe(std::vector<std::string> channels);
  void Unsubscribe(std::vector<std::string> channels);
  bool up() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::redis
