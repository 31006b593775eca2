// Accounts in PostgreSQL, schema `roster`.
#pragma once

#include <string>
#include <vector>

#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "services/roster/account_store.h"

namespace chat::roster {

class PgAccountStore : public AccountStore {
 public:
  // Both outlive it; the outbox is that of the schema `roster`.
  PgAccountStore(pg::Pool& pool, pg::Outbox& outbox) : pool_(pool), outbox_(outbox) {}

  absl::Status Put(Deadline deadline, const AccountCard& card) override;
  absl::StatusOr<std::vector<PersonRow>> People(Deadline deadline, RosterId viewer,
                                                const std::vector<RosterId>& rosters) override;
  absl::StatusOr<std::vector<RosterRow>> Rename(Deadline deadline, AccountId account,
                                                const std::string& phone, bool online) override;
  absl::StatusOr<std::vector<RosterId>> Unlist(Deadline deadline, RosterId roster,
                                               const std::vector<RosterId>& peers) override;
  absl::Status Remove(Deadline deadline, AccountId account) override;
  absl::Status RemoveRoster(Deadline deadline, AccountId account, RosterId roster) override;

 private:
  absl::Status Deliver(Deadline deadline, const std::vector<std::string>& keys);

  pg::Pool& pool_;
  pg::Outbox& outbox_;
};

}  // namespace chat::roster
