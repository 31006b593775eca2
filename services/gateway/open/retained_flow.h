// The retained messages that a session's new subscriptions ask for (MQTT-3.3.1-6): page by page, as
// fast as the client takes them. Pure.
//
//   kIdle --Add--> kAsking --page--> kAsking | kIdle
//   no room for the rest of a page: kBlocked until OnRoom();  a page that fails: kWaiting until
//   Retry().
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "chat/v1/open.pb.h"
#include "services/gateway/open/open_session.h"

namespace chat::gateway {

class RetainedFlow {
 public:
  class Host {
   public:
    // The page after a topic; answered by OnPage or OnPageFailed, later.
    virtual void AskRetained(const std::string& filter, const std::string& after) = 0;
    // False: no room now, offer it again after OnRoom().
    virtual bool SendRetained(const v1::OpenMessage& message,
                              const OpenSubscription& subscription) = 0;

   protected:
    ~Host() = default;
  };

  explicit RetainedFlow(Host& host) : host_(host) {}

  // What is retained up to the position `from` of the log. A filter asked for again begins anew.
  void Add(const std::string& filter, const OpenSubscription& subscription);
  void Remove(std::string_view filter);
  void OnPage(v1::OpenRetainedReply page);
  void OnPageFailed();
  // The client has room again.
  void OnRoom();
  // Asks again for the page that failed.
  void Retry();
  bool idle() const { return wanted_.empty(); }

  // What is still due goes with the subscriptions of a stored session.
  void Save(v1::SessionState* state) const;
  // Retry() begins.
  void Load(const v1::SessionState& state, const OpenSession& session);

 private:
  enum class State : uint8_t { kIdle, kAsking, kBlocked, kWaiting };
  struct Wanted {
    std::string filter;
    OpenSubscription subscription;
    std::string after;
  };
  void Ask();
  // Passes on what is left of the page.
  void PassOn();

  Host& host_;
  std::deque<Wanted> wanted_;  // the first one is under way
  State state_ = State::kIdle;
  v1::OpenRetainedReply page_;  // of the first one
  int next_ = 0;                // in it
  bool stale_ = false;  // the page under way is of a filter that is not the first one any more
};

}  // namespace chat::gateway
