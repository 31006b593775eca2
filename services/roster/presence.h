// Who has a live connection, and where. Gateways keep in Redis, per account, a sorted set
// `online:<account id>` of gateway names, scored by the end of their lease (Unix ms), and one
// sorted set `online` of all those accounts, scored by the end of the latest lease, or of the grace
// after the last connection (PROTOCOL 5.9).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/redis/client.h"

namespace chat::roster {

// Thread safe; never fails: who cannot be known is not online anywhere.
class Presence {
 public:
  virtual ~Presence() = default;

  // One answer per account, in order.
  virtual std::vector<bool> Online(std::span<const AccountId> accounts) = 0;

  // The gateways that hold a live lease of one of the accounts, each with whose lease it holds.
  using ByGateway = std::map<std::string, std::vector<AccountId>>;
  virtual ByGateway Holders(std::span<const AccountId> accounts) = 0;

  // Accounts that were online and have no live lease any more, `limit` at most. Each is given out
  // once, whichever replica asks.
  virtual std::vector<AccountId> TakeEnded(int limit) = 0;
};

class RedisPresence : public Presence {
 public:
  // Both must outlive it.
  RedisPresence(redis::Client& client, const Clock& clock) : client_(client), clock_(clock) {}
  // Each is one pipeline, whatever the number of accounts.
  std::vector<bool> Online(std::span<const AccountId> accounts) override;
  ByGateway Holders(std::span<const AccountId> accounts) override;
  std::vector<AccountId> TakeEnded(int limit) override;

 private:
  redis::Client& client_;
  const Clock& clock_;
};

}  // namespace chat::roster
