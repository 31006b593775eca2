// Appending durable events to `ses` feeds (PROTOCOL O10), inside somebody's transaction.
#pragma once

#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// What is to be appended to an account's feed.
struct NewNotice {
  AccountId account;
  std::string record;  // serialised v1.Record
  bool rosters_changed = false;
};

// Appends in this order: makes the feeds that are missing, locks them in order of id, draws the
// positions, leaves an announcement row. What is returned may be published once the transaction has
// committed; a notice of an account without a known phone is stored and not among the events.
Announcement AppendNotices(pg::Tx& tx, const std::vector<NewNotice>& notices);

}  // namespace chat::messaging
