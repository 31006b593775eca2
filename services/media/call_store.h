// Calls in progress (PROTOCOL O26). Every verb is one transaction; any replica may do any step.
// Thread safe. Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::media {

struct CallRow {
  std::string feed;  // its key
  std::string id;    // the client's, unique in the feed
  v1::CallType type = v1::CALL_TYPE_UNSET;
  AccountId caller_account, callee_account;
  std::string caller_phone_id, callee_phone_id;
  std::string caller_client;  // that offered
  std::string callee_client;  // that answered; empty: none has
  int64_t offered_ms = 0;
  int64_t answered_ms = 0;
  int64_t ended_ms = 0;                         // 0: it goes on
  int64_t deadline_ms = 0;                      // when it ends by itself
  v1::Cdr::Status end = v1::Cdr::STATUS_UNSET;  // set with ended_ms, not stored: the CDR says it

  bool answered() const { return answered_ms != 0; }
  bool ended() const { return ended_ms != 0; }
};

class CallStore {
 public:
  virtual ~CallStore() = default;

  // Under the call's lock `decide` says how the row is to be after; that is stored. One that ends
  // with it leaves its CDR and queues the broadcast. An error of `decide` changes nothing. `active`
  // are the calls that `caller` has under way.
  struct Present {
    std::optional<CallRow> row;
    int64_t now_ms = 0;
    int64_t active = 0;
  };
  using Decide = std::function<absl::StatusOr<CallRow>(const Present&)>;
  virtual absl::StatusOr<CallRow> Step(pg::Deadline deadline, const std::string& feed,
                                       const std::string& id, AccountId caller,
                                       const Decide& decide) = 0;

  // Ends what is past its deadline, a bounded number: unanswered ones are missed. Each is claimed
  // by one replica only.
  virtual absl::StatusOr<std::vector<CallRow>> EndOverdue(pg::Deadline deadline) = 0;
  // Forgets calls that ended a day ago.
  virtual absl::Status Prune(pg::Deadline deadline) = 0;
};

}  // namespace chat::media
