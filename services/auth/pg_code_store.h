// CodeStore on PostgreSQL, schema auth. All times are those of its clock (O18).
#pragma once

#include "services/auth/code_store.h"

namespace chat::auth {

struct CodeRates {
  int64_t phone_per_hour = 5;       // 0: no limit
  int64_t address_per_minute = 30;  // 0: no limit
};

class PgCodeStore : public CodeStore {
 public:
  PgCodeStore(pg::Pool& pool, CodeRates rates, int64_t token_life_s)
      : pool_(pool), rates_(rates), token_life_s_(token_life_s) {}

  absl::StatusOr<bool> Register(pg::Deadline deadline, const Registration& registration) override;
  absl::StatusOr<bool> Count(pg::Deadline deadline, const std::string& phone,
                             const std::string& address) override;
  absl::StatusOr<CodeAnswer> RepeatCode(pg::Deadline deadline, const CodeRequest& request,
                                        const SendJudge& judge) override;
  absl::StatusOr<VerifyAnswer> TryCode(pg::Deadline deadline, const std::string& client_id,
                                       const VerifyJudge& judge) override;
  absl::StatusOr<OpenedSession> OpenSession(pg::Deadline deadline, const NewSession& session,
                                            const VerifyJudge& judge) override;

 private:
  bool CountCode(pg::Tx& tx, const std::string& phone, const std::string& address);
  OpenedSession Replace(pg::Tx& tx, const NewSession& session, const Pending& pending);
  OpenedSession Refresh(pg::Tx& tx, const NewSession& session, const Pending& pending);

  pg::Pool& pool_;
  const CodeRates rates_;
  const int64_t token_life_s_;
};

}  // namespace chat::auth
