// ProfileStore on PostgreSQL, schema profile. All times are those of its clock (O18).
#pragma once

#include "services/profile/profile_store.h"

namespace chat::profile {

class PgProfileStore : public ProfileStore {
 public:
  explicit PgProfileStore(pg::Pool& pool) : pool_(pool) {}

  absl::StatusOr<AccountId> Ensure(pg::Deadline deadline, const std::string& phone) override;
  absl::StatusOr<std::optional<Account>> Find(pg::Deadline deadline, AccountId id) override;
  absl::StatusOr<std::optional<Account>> SetSettings(pg::Deadline deadline, AccountId id,
                                                     const v1::Profile& settings) override;
  absl::StatusOr<v1::Person> FindPerson(pg::Deadline deadline, AccountId id) override;
  absl::StatusOr<std::optional<v1::Person>> ChangePerson(
      pg::Deadline deadline, AccountId id, const std::function<void(v1::Person*)>& change) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::profile
