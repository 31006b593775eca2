#include "services/gateway/open/open_feed.h"

#include "chat/v1/open.pb.h"
#include "libs/log/log.h"

namespace chat::gateway {

namespace {
constexpr char kChannel[] = "open";
}  // namespace

OpenFeed::OpenFeed(const std::string& redis, const OpenFilters& open,
                   std::vector<Receiver> receivers)
    : receivers_(std::move(receivers)) {
  const auto on_message = [this, &open](std::string_view, std::string_view payload) {
    v1::OpenMessage message;
    SharedOpenEvent event;
    if (message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
      event = MakeOpenEvent(message, open);
    }
    if (event == nullptr) return log::Warn("open message dropped", {{"bytes", payload.size()}});
    for (Receiver& receiver : receivers_) receiver.on_event(event);
  };
  // What is published before the subscription stands is read from the log.
  const auto on_subscribed = [this](const std::vector<std::string>&) {
    for (Receiver& receiver : receivers_) receiver.on_connection(true);
  };
  const auto on_connection = [this](bool up) {
    if (up) return;
    for (Receiver& receiver : receivers_) receiver.on_connection(false);
  };
  subscriber_ = std::make_unique<redis::Subscriber>(
      redis, redis::Subscriber::Callbacks{on_message, on_subscribed, on_connection});
  subscriber_->Subscribe({kChannel});
}

}  // namespace chat::gateway
