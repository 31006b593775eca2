// What the members of a group of a shared subscription ask messaging for: each message goes to
// whoever claims it first. Claims are asked for at once and answered in any order. What is granted
// is given on in the order of the log [MQTT-4.6.0-6]; it waits while nobody has room, and is asked
// for again while messaging is away. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "services/gateway/open/open_event.h"

namespace chat::gateway {

class Claims {
 public:
  class Host {
   public:
    // In the name of the group that subscribed to `filter`. Answered by OnAnswer(id, …), later.
    virtual void AskClaim(uint64_t id, const SharedOpenEvent& event, const std::string& filter) = 0;
    // The message is ours. False: there is no room for it now.
    virtual bool OnGranted(const OpenEvent& event, const std::string& filter) = 0;

   protected:
    ~Host() = default;
  };

  // Beyond these a message is left to other gateways.
  static constexpr size_t kMax = 20'000;

  explicit Claims(Host& host) : host_(host) {}

  void Add(SharedOpenEvent event, const std::string& filter);
  // None: it is not known whose the message is. Answers to other Claims do no harm.
  void OnAnswer(uint64_t id, std::optional<bool> granted);
  // Gives on what waits for room, and asks again for what was not answered.
  void Retry();

 private:
  enum class State : uint8_t { kAsked, kFailed, kGranted, kDenied };
  struct Claim {
    uint64_t id;
    SharedOpenEvent event;
    std::string filter;
    State state;
  };
  void GiveOn();

  Host& host_;
  std::deque<Claim> claims_;
};

}  // namespace chat::gateway
