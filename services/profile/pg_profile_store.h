// ProfileStore on PostgreSQL, schema profile. All times are those of its clock (O18).
#pragma once

#include "libs/pg/outbox.h"
#include "services/profile/profile_store.h"

namespace chat::profile {

class PgProfileStore final : public ProfileStore {
 public:
  // Both outlive the store.
  PgProfileStore(pg::Pool& pool, pg::Outbox& outbox) : pool_(pool), outbox_(outbox) {}

  absl::StatusOr<Ensured> Ensure(pg::Deadline deadline, const std::string& phone) override;
  absl::StatusOr<std::optional<Account>> Find(pg::Deadline deadline, AccountId id) override;
  absl::StatusOr<std::optional<Account>> Change(
      pg::Deadline deadline, AccountId id,
      const std::function<void(v1::Profile*)>& change) override;
  absl::StatusOr<v1::Person> FindPerson(pg::Deadline deadline, AccountId id) override;
  absl::StatusOr<std::optional<v1::Person>> ChangePerson(
      pg::Deadline deadline, AccountId id, const std::function<void(v1::Person*)>& change) override;

 private:
  pg::Pool& pool_;
  pg::Outbox& outbox_;
};

}  // namespace chat::profile
