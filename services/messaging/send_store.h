// Where a batch of sends is committed. The batcher knows only this.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/pg_object_uses.h"
#include "services/messaging/rows.h"
#include "services/messaging/send_rules.h"

namespace chat::messaging {

struct SendOutcome {
  enum class Kind {
    kStored,  // `row` has its position
    kRepeat,  // stored before: `row` is that message in its latest state
    kDenied,  // not the author's account, or no open feed between the two
    kRetry,   // the feed's lock is held elsewhere: nothing was judged
    kStale,   // the message to be changed has moved since it was read
  };
  Kind kind = Kind::kDenied;
  MessageRow row;
};

struct SendOutcomes {
  std::vector<SendOutcome> each;  // in the order of the sends
  int64_t announcement = 0;       // row to delete once Redis took the stored ones; 0: none stored
};

class SendStore {
 public:
  virtual ~SendStore() = default;
  // Commits the batch whole or not at all: what is returned is committed. No two sends of a batch
  // may have the same author and msg_id, and none is a change. `published` are announcement rows of
  // earlier batches that Redis has taken; on success they are gone. Blocks; any thread.
  // kUnavailable, kDeadlineExceeded, kAborted (lock time-out): the whole batch may be sent again.
  // Other errors: some send of the batch is at fault.
  virtual absl::StatusOr<SendOutcomes> Append(pg::Deadline deadline,
                                              std::span<const Send* const> sends,
                                              const std::vector<int64_t>& published) = 0;
  // Commits one change (Send::change), with one outcome: stored, denied, retry, or stale. `row` of
  // a stored one has its new place. Otherwise as Append.
  virtual absl::StatusOr<SendOutcomes> Change(pg::Deadline deadline, const Send& send,
                                              const std::vector<int64_t>& published) = 0;
  // Which objects stand in committed messages now; before they are answered. Blocks.
  virtual absl::Status NoteObjects(pg::Deadline deadline, const std::vector<ObjectUse>& uses) = 0;
};

}  // namespace chat::messaging
