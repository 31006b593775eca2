// Sends in PostgreSQL: one call of messaging.append() per batch (migrations/messaging/0002_append)
// or of messaging.change() per change (0003_changes), which commits as it is executed: no lock of a
// feed outlives a network wait.
#pragma once

#include "libs/pg/pool.h"
#include "services/messaging/send_store.h"

namespace chat::messaging {

class PgSendStore : public SendStore {
 public:
  explicit PgSendStore(pg::Pool& pool) : pool_(pool) {}
  absl::StatusOr<SendOutcomes> Append(pg::Deadline deadline, std::span<const Send* const> sends,
                                      const std::vector<int64_t>& published) override;
  absl::StatusOr<SendOutcomes> Change(pg::Deadline deadline, const Send& send,
                                      const std::vector<int64_t>& published) override;
  absl::Status NoteObjects(pg::Deadline deadline, const std::vector<ObjectUse>& uses) override {
    return PgObjectUses(pool_).Note(deadline, uses);
  }

 private:
  absl::Status LoadRepeats(pg::Deadline deadline, SendOutcomes* outcomes);
  pg::Pool& pool_;
};

}  // namespace chat::messaging
