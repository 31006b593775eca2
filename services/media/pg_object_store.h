// ObjectStore on PostgreSQL, schema media. Locks are taken in the order usage, object.
#pragma once

#include "services/media/object_store.h"

namespace chat::media {

class PgObjectStore : public ObjectStore {
 public:
  explicit PgObjectStore(pg::Pool& pool) : pool_(pool) {}

  absl::StatusOr<std::optional<Upload>> Open(pg::Deadline deadline, const TransferKey& key,
                                             const NewUpload& upload,
                                             const DecideOpen& decide) override;
  absl::StatusOr<std::optional<Upload>> Append(pg::Deadline deadline, const TransferKey& key,
                                               const Write& write) override;
  absl::StatusOr<bool> Cancel(pg::Deadline deadline, const TransferKey& key, const Erase& erase,
                              int64_t idle_s) override;
  absl::StatusOr<std::vector<TransferKey>> Idle(pg::Deadline deadline, int64_t idle_s) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::media
