// The ends of accounts and their moves to other phones: what the domain asks of storage. What takes
// several services is begun in one transaction and marked as settled in another; what a crash
// leaves between them is claimed by a sweeper. Thread safe. Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::profile {

struct Unsettled {
  AccountId id;
  std::string phone;  // of the account
};

enum class MoveVerdict {
  kMoved,    // the account has the phone; the others are yet to be told
  kAgain,    // it had it already by this very code
  kRefused,  // no pending move to this phone, or a wrong, old or used up code
  kTaken,    // the phone has an account by now
};

class LifeStore {
 public:
  virtual ~LifeStore() = default;

  // From now on the account is there for removal only. The account; nullopt when there is none.
  virtual absl::StatusOr<std::optional<Unsettled>> BeginRemoval(pg::Deadline deadline,
                                                                AccountId id) = 0;
  // Everybody else has forgotten it: its rows go.
  virtual absl::Status Removed(pg::Deadline deadline, AccountId id) = 0;

  virtual absl::StatusOr<bool> HasPhone(pg::Deadline deadline, const std::string& phone) = 0;
  // A code has gone out to `phone`: its hash replaces an older pending move. False: no account.
  virtual absl::StatusOr<bool> PutMove(pg::Deadline deadline, AccountId id,
                                       const std::string& phone, const std::string& hashed) = 0;
  virtual absl::StatusOr<MoveVerdict> Move(pg::Deadline deadline, AccountId id,
                                           const std::string& phone, const std::string& code) = 0;
  // Everybody knows that the account has `phone`; nothing when it has another one by now.
  virtual absl::Status Renamed(pg::Deadline deadline, AccountId id, const std::string& phone) = 0;

  // What nobody has carried on for 10 s, at most 10 accounts of each; they are the caller's for the
  // next 10 s.
  virtual absl::StatusOr<std::vector<Unsettled>> ClaimRemovals(pg::Deadline deadline) = 0;
  virtual absl::StatusOr<std::vector<Unsettled>> ClaimRenames(pg::Deadline deadline) = 0;

  // Deletes moves that have expired, at most 1000; how many.
  virtual absl::StatusOr<int64_t> Sweep(pg::Deadline deadline) = 0;
};

}  // namespace chat::profile
