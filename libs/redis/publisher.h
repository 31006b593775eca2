// Publishes to Redis from any thread without waiting: one thread and one connection pipeline what
// has gathered. Redis carries only what may be lost: with Redis away, publishes fail at once and
// are counted.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat::redis {

struct Publication {
  std::string channel;
  std::string payload;
};

class Publisher {
 public:
  // `address` is host:port. At most `max_queue` publications wait; more are refused at once.
  explicit Publisher(std::string address, size_t max_queue = 100'000);
  ~Publisher();  // publishes what is queued, at most 1 s

  // Queues the batch as one pipeline. `done`, if given, is called once, on the publisher's thread,
  // with true when Redis has taken all of it. Order between batches is kept.
  void Publish(std::vector<Publication> batch, std::function<void(bool)> done = nullptr);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::redis
