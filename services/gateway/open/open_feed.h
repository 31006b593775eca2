// The channel `open` of Redis: messages of open topics, made ready once and handed to all workers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/redis/subscriber.h"
#include "services/gateway/open/open_event.h"

namespace chat::gateway {

class OpenFeed {
 public:
  // Called on the subscriber's thread, so they only post.
  struct Receiver {
    std::function<void(SharedOpenEvent event)> on_event;
    std::function<void(bool up)> on_connection;
  };
  // `open` outlives it.
  OpenFeed(const std::string& redis, const OpenFilters& open, std::vector<Receiver> receivers);

 private:
  std::vector<Receiver> receivers_;
  std::unique_ptr<redis::Subscriber> subscriber_;  // last: its thread uses the rest
};

}  // namespace chat::gateway
