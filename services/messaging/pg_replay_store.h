// What an account's devices missed, from durable history (delivery promise, parts 6 and 7).
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

class PgReplayStore {
 public:
  explicit PgReplayStore(pg::Pool& pool) : pool_(pool) {}

  // The events of the account's feeds above a position, in order of position, each message once in
  // its latest state: at most `limit`, at least one if there is any, and then as many as fit in
  // `bytes`; without the positions in `had`. One snapshot: an event that commits later comes live.
  absl::StatusOr<v1::ReplayReply> Replay(pg::Deadline deadline, AccountId account, int64_t above,
                                         int limit, int64_t bytes,
                                         const std::vector<int64_t>& had = {});

  // Which of the accounts have events above the position. `stable` is known to be without events in
  // flight below it.
  absl::StatusOr<std::vector<int64_t>> ChangedSince(pg::Deadline deadline,
                                                    const std::vector<int64_t>& accounts,
                                                    int64_t above, int64_t stable);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
