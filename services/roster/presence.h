// Who has a live connection: gateways keep, per account, a sorted set `online:<account id>` of
// gateway names, scored by the end of their lease (Unix ms).
#pragma once

#include <span>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/redis/client.h"

namespace chat::roster {

class Presence {
 public:
  virtual ~Presence() = default;
  // One answer per account, in order. Thread safe; never fails: what cannot be known is false.
  virtual std::vector<bool> Online(std::span<const AccountId> accounts) = 0;
};

class RedisPresence : public Presence {
 public:
  // Both must outlive it.
  RedisPresence(redis::Client& client, const Clock& clock) : client_(client), clock_(clock) {}
  // One pipeline, whatever the number of accounts.
  std::vector<bool> Online(std::span<const AccountId> accounts) override;

 private:
  redis::Client& client_;
  const Clock& clock_;
};

}  // namespace chat::roster
