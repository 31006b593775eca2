// Tells authors that their messages were read (PROTOCOL O25), on the lossy lane. A mark that rises
// again within the second is told when the second is over. Thread safe.
#pragma once

#include <memory>

#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_receipts.h"
#include "services/messaging/transient_lane.h"

namespace chat::messaging {

class Receipts {
 public:
  // Both outlive it.
  Receipts(PgHistoryStore& store, TransientLane& lane);
  ~Receipts();  // joins its thread; what was still to be told is told at the authors' reconnect

  // What a raised mark has made due.
  void Tell(const ReceiptsDue& due, FeedId feed, RosterId reader);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chat::messaging
