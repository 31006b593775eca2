// What the stores read and write: a message with what rendering it needs of the projection, a
// notice likewise, and an event ready to be published. Values; no owner, no threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "chat/v1/event.pb.h"
#include "libs/base/ids.h"

namespace chat::messaging {

struct MessageRow {
  int64_t id = 0;        // its first position
  int64_t position = 0;  // its latest one
  int64_t previous = 0;  // position before it in the feed, 0 if none
  int64_t prev = 0;      // id of the message before it in the feed, 0 if none
  int64_t next = 0;      // id of the one after it, 0 if none or not asked
  FeedId feed;
  int64_t created_ms = 0;
  int64_t committed_ms = 0;
  int status = 0;       // v1::Message::Status
  bool edited = false;  // the latest event of it is an edit or a removal
  std::string body;     // v1::Message with what the author wrote
  // Phone ids of the author and of the other half, as they are now; `to` is the name of a room.
  std::string from, to;
  AccountId from_account, to_account;
  // Not 0 for a message of a room: the version of its members (v1.Event.members_version).
  int64_t members_version = 0;

  bool in_room() const { return members_version != 0; }
};

struct NoticeRow {
  int64_t position = 0;
  int64_t previous = 0;
  FeedId feed;
  int64_t committed_ms = 0;
  std::string topic;                // empty while no roster of the account is known
  std::vector<AccountId> accounts;  // of a `ses` or p2p feed
  int64_t members_version = 0;      // not 0 in a room
  bool rosters_changed = false;
  std::string record;  // v1::Record
};

// An event and whose channels it goes to: accounts', or the channel of a room's feed.
struct Announced {
  v1::Event event;
  std::vector<AccountId> to;
  FeedId room;
};

// Events of one transaction and the row of messaging.announcement that stands for them; 0: none.
struct Announcement {
  std::vector<Announced> events;
  int64_t id = 0;
};

}  // namespace chat::messaging
