// Read receipts (PROTOCOL O25) as the reader's row keeps them: at most one a second for a reader
// and a feed, whichever replica serves, and the latest mark wins.
#pragma once

#include <cstdint>
#include <vector>

#include "chat/v1/event.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::messaging {

// A transient event and whose devices get it.
struct Receipt {
  AccountId to;
  v1::Event event;
};

struct ReceiptsDue {
  std::vector<Receipt> receipts;
  bool later = false;  // the mark has risen, but the authors were told less than a second ago
};

// Takes what the authors of newly read messages are to be told of this reader's mark, and notes
// that they were. Nothing in a room above the size that carries receipts (O21).
ReceiptsDue TakeReceipts(pg::Tx& tx, FeedId feed, RosterId reader);

// For a session that comes back: the latest receipt of each mark that moved above `position` in the
// account's feeds, at most 500.
std::vector<v1::Event> ReceiptsAbove(pg::Tx& tx, AccountId account, int64_t position);

}  // namespace chat::messaging
