// One session's part of the open topics: its subscriptions, and how far it has seen the log. Pure.
//
//   kLive --no room--> kBlocked --OnDrained--> kReading --last page--> kLive
//   resumed: kReading from the stored position; a page that fails: kWaiting until Retry().
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/mqtt/codec.h"
#include "libs/mqtt/session.h"
#include "services/gateway/open/claims.h"
#include "services/gateway/open/open_event.h"

namespace chat::gateway {

struct OpenSubscription {
  mqtt::Qos qos = mqtt::Qos::kAtMostOnce;
  bool no_local = false;
  bool retain_as_published = false;
  uint32_t id = 0;   // 0: none
  int64_t from = 0;  // it begins above this position of the log; what is retained below is sent
};

class OpenSession : private Claims::Host {
 public:
  class Host {
   public:
    // `shared`: as a member of a group.
    virtual mqtt::Delivery SendOpen(const OpenEvent& event, mqtt::Qos qos, bool retain,
                                    mqtt::SubscriptionIds ids, bool shared) = 0;
    // The log above a position; answered by OnPage or OnPageFailed, later.
    virtual void AskLog(int64_t above) = 0;
    // Of a shared subscription, while reading; answered by claims().OnAnswer(id, …), later.
    virtual void AskClaim(uint64_t id, const SharedOpenEvent& event, const std::string& filter) = 0;

   protected:
    ~Host() = default;
  };

  OpenSession(Host& host, std::string client_id) : host_(host), client_id_(std::move(client_id)) {}

  // Everything up to here counts as seen: where a session begins.
  void StartAt(int64_t position) { seen_ = position; }
  // As stored; Retry() begins to read.
  void Load(const v1::SessionState& state);
  // `left`: tokens of what the client does not have and that is not taken along.
  void Save(const std::vector<mqtt::Token>& left, v1::SessionState* state) const;
  // Up to where the session needs the log no more, while it has yet to get what is in `left`.
  int64_t SeenWithout(const std::vector<mqtt::Token>& left) const;

  // This gateway has passed on everything up to `newest`: before a new subscription, and before
  // Save(), so that nothing older is taken for missed.
  void Advance(int64_t newest);
  // Whether it is a new one; a shared one by its whole filter, `$share/` included. One that is held
  // already keeps its beginning.
  bool Subscribe(const std::string& filter, OpenSubscription subscription);
  bool Unsubscribe(std::string_view filter);
  const std::map<std::string, OpenSubscription, std::less<>>& subscriptions() const {
    return subscriptions_;
  }

  // One that matches some subscription that is not shared.
  void OnLive(const SharedOpenEvent& event);
  // What it asked for in the name of its groups.
  Claims& claims() { return claims_; }
  // The group's message is this session's; `filter` as subscribed to. False: it takes none now.
  bool OnShared(const OpenEvent& event, std::string_view filter);
  // `top`: the log's end when the page was read; `newest`: what this gateway has seen of it.
  void OnPage(const std::vector<SharedOpenEvent>& events, bool more, int64_t top, int64_t newest);
  void OnPageFailed();
  void OnDrained();
  // Reads on if it waits for that.
  void Retry();
  bool live() const { return state_ == State::kLive; }

 private:
  enum class State : uint8_t { kLive, kReading, kBlocked, kWaiting };
  // False when the session took no more.
  bool Offer(const OpenEvent& event);
  void AskClaim(uint64_t id, const SharedOpenEvent& event, const std::string& filter) override {
    host_.AskClaim(id, event, filter);
  }
  // One that is not subscribed to any more is nobody's.
  bool OnGranted(const OpenEvent& event, const std::string& filter) override {
    return !subscriptions_.contains(filter) || OnShared(event, filter);
  }

  Host& host_;
  std::string client_id_;
  std::map<std::string, OpenSubscription, std::less<>> subscriptions_;
  int64_t seen_ = 0;
  State state_ = State::kLive;
  bool asking_ = false;
  Claims claims_{*this};
};

}  // namespace chat::gateway
