// The directory in PostgreSQL, schema `roster`. Case is folded by upper() under "und-x-icu", as the
// migration 0004 does: PostgreSQL must be built with ICU.
#pragma once

#include "libs/pg/pool.h"
#include "services/roster/directory.h"

namespace chat::roster {

class PgDirectory : public Directory {
 public:
  explicit PgDirectory(pg::Pool& pool) : pool_(pool) {}  // outlives it

  absl::StatusOr<SearchCount> Count(Deadline deadline, AccountId account, int64_t values,
                                    const SearchLimits& limits) override;
  absl::StatusOr<std::vector<FoundRow>> Find(Deadline deadline, AccountId account,
                                             RosterId searching, const SearchQuery& query) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::roster
