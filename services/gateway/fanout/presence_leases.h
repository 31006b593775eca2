// Presence of accounts with a live connection here: sorted set `online:<account>` in Redis, member
// the gateway's name, score the end of the lease (Unix ms). Rewritten every 5 s, ends by itself 12
// s after a crash at most, so that roster tells it within 15 s (O28); an orderly end is told after
// 5 s of grace (PROTOCOL 5.9). The sorted set `online` holds each account with the end of its last
// lease: roster sweeps it for those that went.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace chat::gateway {

class PresenceLeases {
 public:
  // `came` is told of accounts that had no connection anywhere, on the lease thread.
  using Came = std::function<void(const std::vector<int64_t>& accounts)>;
  PresenceLeases(std::string redis, std::string gateway, Came came);
  ~PresenceLeases();  // gives all leases back, if Redis is there
  // Any thread. Calls for one account nest.
  void Add(int64_t account);
  void Remove(int64_t account);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::gateway
