// CallStore on PostgreSQL, schema media.
#pragma once

#include "libs/pg/outbox.h"
#include "services/media/call_store.h"

namespace chat::media {

class PgCallStore : public CallStore {
 public:
  // Both outlive it.
  PgCallStore(pg::Pool& pool, pg::Outbox& outbox) : pool_(pool), outbox_(outbox) {}

  absl::StatusOr<CallRow> Step(pg::Deadline deadline, const std::string& feed,
                               const std::string& id, AccountId caller,
                               const Decide& decide) override;
  absl::StatusOr<std::vector<CallRow>> EndOverdue(pg::Deadline deadline) override;
  absl::Status Prune(pg::Deadline deadline) override;

 private:
  void Record(pg::Tx& tx, const CallRow& row);
  void Tell(pg::Deadline deadline, const std::string& feed);

  pg::Pool& pool_;
  pg::Outbox& outbox_;
};

}  // namespace chat::media
