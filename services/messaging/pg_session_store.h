// MQTT sessions in PostgreSQL (schema `delivery`): epochs fence, cursors never move back.
#pragma once

#include <absl/status/statusor.h>

#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::messaging {

class PgSessionStore {
 public:
  // A connected session whose gateway never reports again is kept for its expiry and `grace_s`.
  PgSessionStore(pg::Pool& pool, int64_t grace_s) : pool_(pool), grace_s_(grace_s) {}

  // Raises the epoch. A new state (clean, unknown, expired) starts at the tops of the account's
  // feeds (O9): at `stable`, a position up to which nothing is in flight, with what the account's
  // feeds hold above it already. The state of an orderly end is given out once.
  absl::StatusOr<v1::OpenSessionReply> Open(pg::Deadline deadline,
                                            const v1::OpenSessionRequest& request, int64_t stable);
  // The connection of this epoch ended; `state` is kept for the next one. With a stale epoch
  // nothing happens.
  absl::Status Close(pg::Deadline deadline, const v1::CloseSessionRequest& request);
  // One statement for all; the ids whose epoch is stale, or which are no more.
  absl::StatusOr<std::vector<int64_t>> Flush(pg::Deadline deadline,
                                             const v1::FlushCursorsRequest& request);
  // The account's session of this client id, or all of them when it is empty, are no more.
  absl::Status End(pg::Deadline deadline, AccountId account, const std::string& client_id);
  absl::Status DeleteExpired(pg::Deadline deadline);

 private:
  pg::Pool& pool_;
  const int64_t grace_s_;
};

}  // namespace chat::messaging
