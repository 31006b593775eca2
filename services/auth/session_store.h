// Device sessions and their tokens: what the domain asks of storage. Every verb is one transaction.
// Thread safe. Errors are those of pg::Pool. Tokens come and go as Sha256() of their text.
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <vector>

#include "libs/pg/pool.h"
#include "services/auth/connect_rules.h"

namespace chat::auth {

struct Session {
  int64_t id = 0;
  std::string client_id;
  int64_t account_id = 0;
  std::string phone;
  std::string dev_key;
  std::string os;  // empty: not known
  int64_t created_ms = 0;
  int64_t last_online_ms = 0;
  std::vector<StoredToken> tokens;  // oldest first; not filled by List()
};

// Rows deleted by one sweep.
struct Swept {
  int64_t pending = 0;
  int64_t code_sent = 0;
  int64_t tokens = 0;
  int64_t init_tokens = 0;
  int64_t sessions = 0;
  int64_t accounts = 0;
};

class SessionStore {
 public:
  virtual ~SessionStore() = default;

  virtual absl::StatusOr<std::optional<Session>> FindByClient(pg::Deadline deadline,
                                                              const std::string& client_id) = 0;
  // The session that has this token, in whatever state.
  virtual absl::StatusOr<std::optional<Session>> FindByToken(pg::Deadline deadline,
                                                             const std::string& hash) = 0;

  // A device has connected with token `token_id`: voids all older ones (5.1.5), sets last_online
  // and, unless `new_hash` is empty, adds that token. False: the session is gone.
  virtual absl::StatusOr<bool> Connected(pg::Deadline deadline, int64_t session_id,
                                         int64_t token_id, const std::string& new_hash) = 0;

  // Adds a token; the last one used and the newest three are kept, others are deleted. False: the
  // session is gone.
  virtual absl::StatusOr<bool> AddToken(pg::Deadline deadline, int64_t session_id,
                                        const std::string& hash) = 0;

  // False: the account has no session with this client id.
  virtual absl::StatusOr<bool> End(pg::Deadline deadline, int64_t account_id,
                                   const std::string& client_id) = 0;

  // The account has another phone: its sessions and their tokens go on under it.
  virtual absl::Status Rename(pg::Deadline deadline, int64_t account_id,
                              const std::string& phone) = 0;

  // The account is gone: so are its sessions, their tokens, and pending registrations of `phone`
  // (empty: none). The sessions that there were.
  virtual absl::StatusOr<int64_t> Remove(pg::Deadline deadline, int64_t account_id,
                                         const std::string& phone) = 0;

  // Stores the operating system and the push token; nullopt leaves the push token as it is, empty
  // clears it. Another session that has the same push token loses it. False: the session is gone.
  virtual absl::StatusOr<bool> SetPush(pg::Deadline deadline, int64_t session_id,
                                       const std::optional<std::string>& push,
                                       const std::string& os) = 0;

  // The account's sessions by age, `first` first; at most 1000.
  virtual absl::StatusOr<std::vector<Session>> List(pg::Deadline deadline, int64_t account_id,
                                                    const std::string& first) = 0;

  // Of these sessions those that do not exist. The others count as online now, to the hour.
  virtual absl::StatusOr<std::vector<int64_t>> Gone(pg::Deadline deadline,
                                                    const std::vector<int64_t>& ids) = 0;

  // True when `presented` is a live anonymous token (1.7). Otherwise `fresh` becomes the only one
  // of this client id, for 15 minutes.
  virtual absl::StatusOr<bool> KeepInitToken(pg::Deadline deadline, const std::string& client_id,
                                             const std::string& presented,
                                             const std::string& fresh) = 0;

  // Deletes what has expired, at most 1000 rows of each kind.
  virtual absl::StatusOr<Swept> Sweep(pg::Deadline deadline) = 0;
};

}  // namespace chat::auth
