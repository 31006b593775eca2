// SessionStore on PostgreSQL, schema auth. All times are those of its clock (O18).
#pragma once

#include "services/auth/session_store.h"

namespace chat::auth {

struct TokenLife {
  int64_t token_s = 86'400;
  int64_t renew_s = 2'592'000;  // after that
  int64_t code_s = 900;
};

class PgSessionStore : public SessionStore {
 public:
  PgSessionStore(pg::Pool& pool, TokenLife life) : pool_(pool), life_(life) {}

  absl::StatusOr<std::optional<Session>> FindByClient(pg::Deadline deadline,
                                                      const std::string& client_id) override;
  absl::StatusOr<std::optional<Session>> FindByToken(pg::Deadline deadline,
                                                     const std::string& hash) override;
  absl::StatusOr<bool> Connected(pg::Deadline deadline, int64_t session_id, int64_t token_id,
                                 const std::string& new_hash) override;
  absl::StatusOr<bool> AddToken(pg::Deadline deadline, int64_t session_id,
                                const std::string& hash) override;
  absl::StatusOr<bool> End(pg::Deadline deadline, int64_t account_id,
                           const std::string& client_id) override;
  absl::Status Rename(pg::Deadline deadline, int64_t account_id, const std::string& phone) override;
  absl::StatusOr<int64_t> Remove(pg::Deadline deadline, int64_t account_id,
                                 const std::string& phone) override;
  absl::StatusOr<bool> SetPush(pg::Deadline deadline, int64_t session_id,
                               const std::optional<std::string>& push,
                               const std::string& os) override;
  absl::StatusOr<std::vector<Session>> List(pg::Deadline deadline, int64_t account_id,
                                            const std::string& first) override;
  absl::StatusOr<std::vector<int64_t>> Gone(pg::Deadline deadline,
                                            const std::vector<int64_t>& ids) override;
  absl::StatusOr<bool> KeepInitToken(pg::Deadline deadline, const std::string& client_id,
                                     const std::string& presented,
                                     const std::string& fresh) override;
  absl::StatusOr<Swept> Sweep(pg::Deadline deadline) override;

 private:
  absl::StatusOr<std::optional<Session>> Find(pg::Deadline deadline, const pg::Statement& statement,
                                              const std::string& key);

  pg::Pool& pool_;
  const TokenLife life_;
};

}  // namespace chat::auth
