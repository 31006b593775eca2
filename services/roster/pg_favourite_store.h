// Tags and stars in PostgreSQL, schema `roster`. Changes of one account run one after the other.
#pragma once

#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "services/roster/favourite_store.h"

namespace chat::roster {

class PgFavouriteStore : public FavouriteStore {
 public:
  // Both must outlive it; the outbox is that of the schema `roster`.
  PgFavouriteStore(pg::Pool& pool, pg::Outbox& outbox, FavouriteLimits limits)
      : pool_(pool), outbox_(outbox), limits_(limits) {}

  absl::StatusOr<Favourites> Of(Deadline deadline, const RosterRow& roster) override;
  absl::Status CreateTag(Deadline deadline, const TagRow& tag, const TagNotice& notice) override;
  absl::Status EditTag(Deadline deadline, AccountId account, const TagKey& key,
                       const std::optional<std::string>& name,
                       const std::optional<std::string>& color, const TagNotice& notice) override;
  absl::Status RemoveTag(Deadline deadline, AccountId account, const TagKey& key,
                         const TagNotice& notice) override;
  absl::Status PutStar(Deadline deadline, const RosterRow& roster, const StarRow& star,
                       const v1::Change& notice) override;
  absl::Status RemoveStar(Deadline deadline, const RosterRow& roster, int64_t message_id,
                          const StarNotice& notice) override;

 private:
  pg::Pool& pool_;
  pg::Outbox& outbox_;
  const FavouriteLimits limits_;
};

}  // namespace chat::roster
