// Appending durable events to feeds inside somebody's transaction: broadcasts to `ses/` (PROTOCOL
// O10), records and system messages of rooms, and the row that announces them.
#pragma once

#include <string>
#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// A feed by what it is of: ("ses", account id, 0), ("p2p", smaller, larger roster id), ("room",
// room id, 0).
struct FeedKey {
  const char* kind;
  int64_t a = 0;
  int64_t b = 0;
  bool open = true;  // when it is made
};

// Makes the feeds that are missing and locks all in order of id, so that two transactions cannot
// wait for each other: once, before any position is drawn.
void LockFeeds(pg::Tx& tx, const std::vector<FeedKey>& feeds);

// What is to be appended to a locked feed.
struct NewNotice {
  FeedKey feed;
  std::string record;  // serialised v1.Record
  bool rosters_changed = false;
};

// Appends in this order. A notice of an account without a known phone is stored and not among the
// events.
std::vector<Announced> AddNotices(pg::Tx& tx, const std::vector<NewNotice>& notices);

// A system message (PROTOCOL 5.7), a link of the chain of the locked feed; nothing when its author
// is unknown.
std::vector<Announced> AddSystemMessage(pg::Tx& tx, FeedId feed, const v1::SystemMessage& message);

// Leaves the announcement row for durable events; they may be published once the transaction has
// committed.
Announcement Announce(pg::Tx& tx, std::vector<Announced> events);

// The whole of it for broadcasts to the `ses/` of accounts: (account, serialised v1.Record).
Announcement NotifyAccount(pg::Tx& tx, AccountId account, const std::string& record);

}  // namespace chat::messaging
