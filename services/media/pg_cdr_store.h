// CdrStore on PostgreSQL, schema media.
#pragma once

#include "libs/pg/outbox.h"
#include "services/media/cdr_store.h"

namespace chat::media {

class PgCdrStore : public CdrStore {
 public:
  // Both outlive it.
  PgCdrStore(pg::Pool& pool, pg::Outbox& outbox) : pool_(pool), outbox_(outbox) {}

  absl::StatusOr<std::string> Put(pg::Deadline deadline, const NewCdr& cdr,
                                  int64_t per_day) override;
  absl::StatusOr<std::vector<v1::Cdr>> Newest(pg::Deadline deadline, AccountId account,
                                              int64_t limit) override;

 private:
  pg::Pool& pool_;
  pg::Outbox& outbox_;
};

// Within a transaction of the owner: the id. The outbox's key is the feed.
std::string AddCdr(pg::Tx& tx, pg::Outbox& outbox, NewCdr cdr);

}  // namespace chat::media
