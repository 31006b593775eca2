// Codes that prove e-mail addresses, and the count of all codes that accounts have sent: what the
// domain asks of storage. Every verb is one transaction. Thread safe. Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::profile {

struct CodeRates {
  int64_t account_per_hour = 10;  // 0: no limit
  int64_t target_per_hour = 5;    // 0: no limit
};

struct CodeLife {
  int64_t seconds = 0;
  int64_t wrong_tries = 5;
};

class LinkStore {
 public:
  virtual ~LinkStore() = default;

  // Counts a code for `target` (a folded address or a phone). False: too many, nothing has changed.
  virtual absl::StatusOr<bool> CountCode(pg::Deadline deadline, AccountId id,
                                         const std::string& target) = 0;

  // A code for this address has gone out: its hash replaces an older one, and the address is among
  // the services. False: there is no such account, or no room for another address.
  virtual absl::StatusOr<bool> Put(pg::Deadline deadline, AccountId id, const std::string& address,
                                   const std::string& hashed) = 0;

  // The right code within its life verifies the address, once; a wrong one is counted. False: no
  // code waits for this address, or it is wrong, too old, or was tried too often.
  virtual absl::StatusOr<bool> Verify(pg::Deadline deadline, AccountId id,
                                      const std::string& address, const std::string& code) = 0;

  // Deletes what has expired, at most 1000 rows of each kind; how many.
  virtual absl::StatusOr<int64_t> Sweep(pg::Deadline deadline) = 0;
};

}  // namespace chat::profile
