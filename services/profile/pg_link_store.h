// LinkStore on PostgreSQL, schema profile. All times are those of its clock (O18).
#pragma once

#include "libs/pg/outbox.h"
#include "services/profile/link_store.h"

namespace chat::profile {

class PgLinkStore final : public LinkStore {
 public:
  struct Limits {
    CodeRates rates;
    CodeLife life;
    int64_t addresses = 10;  // of an account
  };
  // Pool and outbox outlive the store.
  PgLinkStore(pg::Pool& pool, pg::Outbox& outbox, Limits limits)
      : pool_(pool), outbox_(outbox), limits_(limits) {}

  absl::StatusOr<bool> CountCode(pg::Deadline deadline, AccountId id,
                                 const std::string& target) override;
  absl::StatusOr<bool> Put(pg::Deadline deadline, AccountId id, const std::string& address,
                           const std::string& hashed) override;
  absl::StatusOr<bool> Verify(pg::Deadline deadline, AccountId id, const std::string& address,
                              const std::string& code) override;
  absl::StatusOr<int64_t> Sweep(pg::Deadline deadline) override;

 private:
  pg::Pool& pool_;
  pg::Outbox& outbox_;
  const Limits limits_;
};

}  // namespace chat::profile
