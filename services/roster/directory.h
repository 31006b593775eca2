// The directory: all rosters as others may find them, and how much each phone has searched. One
// implementation holds its SQL (pg_directory.h). Thread safe; calls block until the deadline at
// most. Errors are those of pg::Pool::Run.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <vector>

#include "services/roster/roster_store.h"
#include "services/roster/search_query.h"

namespace chat::roster {

// Of one account and day (UTC), 0 for no limit (PROTOCOL O17).
struct SearchLimits {
  int64_t requests_per_day = 0;
  int64_t values_per_day = 0;
};

enum class SearchCount : uint8_t { kWithin, kTooManyRequests, kTooManyValues };

struct FoundRow {
  RosterRow roster;
  Side side;  // the searching roster's entry about it
};

class Directory {
 public:
  static constexpr int kMaxFound = 100;

  virtual ~Directory() = default;

  // Counts a request of the account with so many values; one that is over a limit is not counted.
  virtual absl::StatusOr<SearchCount> Count(Deadline deadline, AccountId account, int64_t values,
                                            const SearchLimits& limits) = 0;

  // Whom `searching`, a roster of `account`, may find: no own roster, none that has banned it
  // or does not want to be found by it (PROTOCOL O17). In order of roster id, kMaxFound at most.
  virtual absl::StatusOr<std::vector<FoundRow>> Find(Deadline deadline, AccountId account,
                                                     RosterId searching,
                                                     const SearchQuery& query) = 0;
};

}  // namespace chat::roster
