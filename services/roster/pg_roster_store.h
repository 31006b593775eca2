// The rosters in PostgreSQL, schema `roster`. With pg_directory.h the only SQL of
// the service.
#pragma once

#include <string>
#include <vector>

#include "libs/metrics/metrics.h"
#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

class PgRosterStore : public RosterStore {
 public:
  // Pool and outbox must outlive it; the outbox is that of the schema `roster`. A new request is
  // refused when it would give either roster more than `contacts_per_roster` entries; requests that
  // run at the same moment may pass it by as many as they are.
  PgRosterStore(pg::Pool& pool, pg::Outbox& outbox, int64_t contacts_per_roster);

  absl::StatusOr<std::vector<RosterRow>> Ensure(Deadline deadline, AccountId account,
                                                const std::string& phone) override;
  absl::StatusOr<std::vector<RosterRow>> RostersOf(Deadline deadline, AccountId account) override;
  absl::StatusOr<bool> HasAccount(Deadline deadline, AccountId account) override;
  absl::StatusOr<std::optional<RosterRow>> Find(Deadline deadline, RosterId roster) override;
  absl::StatusOr<std::vector<ContactRow>> ContactsOf(Deadline deadline, RosterId roster) override;
  absl::Status Write(Deadline deadline, AccountId account, RosterId roster,
                     const RosterPatch& patch, const Notices& notices) override;
  absl::StatusOr<RosterRow> Create(Deadline deadline, const NewRoster& roster,
                                   const Notices& notices) override;
  absl::StatusOr<std::vector<RosterId>> List(Deadline deadline, RosterId roster,
                                             const std::vector<RosterId>& peers) override;
  absl::StatusOr<bool> CountRequest(Deadline deadline, AccountId account, int64_t limit) override;
  absl::Status ChangePair(Deadline deadline, RosterId party, RosterId counterparty,
                          const DecidePair& decide) override;
  absl::Status DeliverPair(Deadline deadline, RosterId a, RosterId b) override;
  absl::Status DeliverAccount(Deadline deadline, AccountId account) override;

 private:
  absl::Status CheckRoom(pg::Tx& tx, RosterId roster, const Side& before, const Side& after);
  absl::Status StorePair(pg::Tx& tx, const LockedPair& pair, const PairWrite& write);
  absl::Status Deliver(Deadline deadline, const std::string& key);

  pg::Pool& pool_;
  pg::Outbox& outbox_;
  const int64_t contacts_per_roster_;
  prometheus::Counter& full_;
};

}  // namespace chat::roster
