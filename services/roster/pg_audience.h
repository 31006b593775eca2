// Who is to hear of a roster: friends on `ac/`, co-members on `muc/`, never across a ban (PROTOCOL
// 5.9). Reads the schema `roster`. Thread safe; errors are those of pg::Pool::Run.
#pragma once

#include <absl/status/statusor.h>

#include <map>
#include <string>
#include <vector>

#include "libs/pg/pool.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

class PgAudience {
 public:
  explicit PgAudience(pg::Pool& pool) : pool_(pool) {}  // outlives it

  // PostgreSQL's clock, Unix milliseconds (PROTOCOL O18).
  absl::StatusOr<int64_t> NowMs(Deadline deadline);

  // All rosters of the accounts, in order of id.
  absl::StatusOr<std::vector<RosterRow>> RostersOf(Deadline deadline,
                                                   const std::vector<AccountId>& accounts);

  // The accounts of the rosters' friends, each once per roster. A roster without friends is left
  // out.
  using Accounts = std::vector<AccountId>;
  absl::StatusOr<std::map<RosterId, Accounts>> Friends(Deadline deadline,
                                                       const std::vector<RosterId>& rosters);

  // The accounts of `others` between which and the roster there is no ban, each once.
  absl::StatusOr<Accounts> Unbarred(Deadline deadline, RosterId roster,
                                    const std::vector<RosterId>& others);

  // The account of a phone that `account` may address: its own phone, or that of a friend's roster
  // (PROTOCOL 1.4). nullopt when it may not.
  absl::StatusOr<std::optional<AccountId>> Reachable(Deadline deadline, AccountId account,
                                                     const std::string& phone);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::roster
