// What other owners tell messaging: rosters, friendships, rooms, notices. Each change once, all
// changes of a request in one transaction (delivery promise, part 9).
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <set>

#include "chat/v1/messaging.pb.h"
#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

class PgProjectionStore {
 public:
  explicit PgProjectionStore(pg::Pool& pool) : pool_(pool) {}

  // Applies the changes in their order; those whose (source, sequence) was applied before are
  // skipped. Returns what is to be published. kInvalidArgument: a change makes no sense; nothing of
  // the request is applied.
  absl::StatusOr<Announcement> Apply(pg::Deadline deadline, const v1::ApplyRequest& request);

  struct Access {
    bool read = false;
    bool write = false;
  };
  // What an account may do with the topic `p2p/A/B`, `room/R`, `ses/P`, `ac/I` or `muc/I` (PROTOCOL
  // 1.4).
  absl::StatusOr<Access> AccessTo(pg::Deadline deadline, AccountId account,
                                  const std::string& topic);

  // Whose channels get what is published to `p2p/A/B` or `room/R`; nobody's for another topic, an
  // unknown room, or one in which `member`, if given, is not.
  struct Audience {
    std::vector<AccountId> accounts;
    FeedId room;
    int64_t members_version = 0;
  };
  absl::StatusOr<Audience> AudienceOf(pg::Deadline deadline, RosterId member,
                                      const std::string& topic);

  // The rooms of accounts, as of one moment.
  absl::StatusOr<std::vector<v1::RoomFeed>> RoomFeeds(pg::Deadline deadline,
                                                      const std::vector<int64_t>& accounts);

  // Forgets changes applied a week ago and events of `ses` feeds older than `notice_life_s`, a
  // bounded number at a time.
  absl::Status Prune(pg::Deadline deadline, int64_t notice_life_s);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
