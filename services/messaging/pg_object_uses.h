// Which objects stand in which message (PROTOCOL O16), so that media may ask who reads them.
#pragma once

#include <absl/status/statusor.h>

#include <string>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// A message in its latest state. Repeating it changes nothing.
struct ObjectUse {
  int64_t message_id = 0;
  FeedId feed;
  AccountId author;
  std::vector<std::string> ids;  // empty: none any more
};
// Of a message as it is rendered; none where there is nothing to note.
std::vector<ObjectUse> ObjectUsesOf(const MessageRow& row, const v1::Message& message);

class PgObjectUses {
 public:
  explicit PgObjectUses(pg::Pool& pool) : pool_(pool) {}

  absl::Status Note(pg::Deadline deadline, const std::vector<ObjectUse>& uses);
  // May the account read a feed in which the uploader's message has one of these? Of a p2p feed
  // both halves, of a room its members (O28).
  absl::StatusOr<bool> MayRead(pg::Deadline deadline, AccountId account, AccountId uploader,
                               const std::vector<std::string>& ids);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
