// LifeStore on PostgreSQL, schema profile. All times are those of its clock (O18).
#pragma once

#include "services/profile/life_store.h"
#include "services/profile/link_store.h"

namespace chat::profile {

class PgLifeStore final : public LifeStore {
 public:
  PgLifeStore(pg::Pool& pool, CodeLife life) : pool_(pool), life_(life) {}

  absl::StatusOr<std::optional<Unsettled>> BeginRemoval(pg::Deadline deadline,
                                                        AccountId id) override;
  absl::Status Removed(pg::Deadline deadline, AccountId id) override;
  absl::StatusOr<bool> HasPhone(pg::Deadline deadline, const std::string& phone) override;
  absl::StatusOr<bool> PutMove(pg::Deadline deadline, AccountId id, const std::string& phone,
                               const std::string& hashed) override;
  absl::StatusOr<MoveVerdict> Move(pg::Deadline deadline, AccountId id, const std::string& phone,
                                   const std::string& code) override;
  absl::Status Renamed(pg::Deadline deadline, AccountId id, const std::string& phone) override;
  absl::StatusOr<std::vector<Unsettled>> ClaimRemovals(pg::Deadline deadline) override;
  absl::StatusOr<std::vector<Unsettled>> ClaimRenames(pg::Deadline deadline) override;
  absl::StatusOr<int64_t> Sweep(pg::Deadline deadline) override;

 private:
  absl::StatusOr<std::vector<Unsettled>> Claim(pg::Deadline deadline,
                                               const pg::Statement& statement);

  pg::Pool& pool_;
  const CodeLife life_;
};

}  // namespace chat::profile
