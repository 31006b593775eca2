// Reading feeds: pages of history, readers, and feeds as one roster sees them.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/history_rules.h"
#include "services/messaging/pg_receipts.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

class PgHistoryStore {
 public:
  explicit PgHistoryStore(pg::Pool& pool) : pool_(pool) {}

  // Messages as selected, `next` filled, at least one and then as many as fit in `bytes` of bodies.
  // invalid_data: there is no such feed, or `from` is not a message of it.
  absl::StatusOr<std::vector<MessageRow>> Page(pg::Deadline deadline, const AskedFeed& feed,
                                               const Selection& selection, int64_t bytes);

  struct Marked {
    Announcement announcement;
    int64_t unread = 0;
    FeedId feed;
    RosterId reader;
    ReceiptsDue receipts;
  };
  // Raises the roster's reader to `position` (0: the newest message), never lowers it, and appends
  // the Contact or Room `last_msg` to the account's feed. Returns what is to be published. Errors
  // as Page.
  absl::StatusOr<Marked> Read(pg::Deadline deadline, const AskedFeed& feed, int64_t position);

  // As receipts.h needs it, for a mark that waited for its second.
  absl::StatusOr<ReceiptsDue> TakeReceipts(pg::Deadline deadline, FeedId feed, RosterId reader);

  struct View {
    int64_t reader = 0;
    int64_t unread = 0;  // counted up to 100 000
    std::optional<MessageRow> last;
  };
  // Of the p2p feeds with `peers`, then of the rooms with these internal ids, in that order; an
  // empty view where there is no feed or message.
  absl::StatusOr<std::vector<View>> Views(pg::Deadline deadline, RosterId roster,
                                          const std::vector<int64_t>& peers,
                                          const std::vector<int64_t>& rooms);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
