// The lanes to all replicas of messaging (delivery promise, part 3). An address may be a name with
// many addresses, a headless service: it is resolved at start and every few seconds, and each
// address gets a lane. All gateways choose the same replica for a feed: the healthy one whose
// address scores highest with the feed's hash, so that a replica that comes or goes moves only the
// feeds it gains or loses.
//
// A lane keeps its number for ever and no number is used twice. RequestQueue waits for what is
// under way on one lane before it starts on another: so a connection's sends keep their order when
// their feed moves. A replica that is no longer named gets nothing new; its lane stays for what
// still names it, until nothing is under way there for kLinger.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <condition_variable>

#include "services/gateway/router/lane.h"

namespace chat::gateway {

class Lanes {
 public:
  using Open = std::function<std::unique_ptr<Lane>(const std::string& address)>;
  // All addresses behind one; empty: not known now, what it had stays. May block.
  using Resolve = std::function<std::vector<std::string>(const std::string& address)>;

  static constexpr std::chrono::seconds kPeriod{2};
  static constexpr std::chrono::seconds kLinger{60};

  // Resolves once. `addresses` as configured.
  Lanes(std::vector<std::string> addresses, Open open, Resolve resolve);
  // Ends what is under way.
  ~Lanes();

  // Resolves again every kPeriod, on a thread of its own.
  void Start();
  // One round of it; `now` moves forward.
  void Refresh(std::chrono::steady_clock::time_point now);

  // The lane for a feed; 0: there is no replica.
  uint64_t For(uint64_t hash) const;
  // False when there is no such lane (any more).
  bool Call(uint64_t lane, v1::OrderedCall& call, std::chrono::milliseconds timeout,
            Lane::Done& done);
  void Flush();
  void Expire();

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Entry {
    uint64_t number;
    std::string address;
    uint64_t hash;
    std::shared_ptr<Lane> lane;
    bool named = true;
    Time left{};  // when something was last under way or it was named
  };
  using Set = std::vector<Entry>;

  std::shared_ptr<const Set> set() const;
  // Of all that is configured, each address once; of a name that does not resolve what it had.
  std::vector<std::string> Addresses();

  const std::vector<std::string> configured_;
  const Open open_;
  const Resolve resolve_;
  std::vector<std::vector<std::string>> resolved_;  // of each configured one; the refresher's
  uint64_t next_ = 1;                               // the refresher's
  mutable std::mutex mutex_;
  std::shared_ptr<const Set> set_ = std::make_shared<const Set>();
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace chat::gateway
