// One stored message: reading it, also before it is changed, and hiding it from one reader.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/edit_rules.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

class PgMessageStore {
 public:
  explicit PgMessageStore(pg::Pool& pool) : pool_(pool) {}

  // With what the account's rosters are in its feed.
  absl::StatusOr<std::optional<StoredMessage>> Find(pg::Deadline deadline, AccountId account,
                                                    int64_t id);

  // The message, if History shows it to this roster (PROTOCOL O28).
  absl::StatusOr<std::optional<MessageRow>> Readable(pg::Deadline deadline, RosterId roster,
                                                     int64_t id);
  // Those of the messages, in order of id.
  absl::StatusOr<std::vector<MessageRow>> Readable(pg::Deadline deadline, RosterId roster,
                                                   const std::vector<int64_t>& ids);

  // Uploads of open feeds that have stood for a day, oldest first, at most 100.
  absl::StatusOr<std::vector<StoredMessage>> LateUploads(pg::Deadline deadline);

  // Hides the message from the roster and appends `record` to the feed of its account. Returns what
  // is to be published. invalid_data: hidden already.
  absl::StatusOr<Announcement> Hide(pg::Deadline deadline, int64_t id, RosterId roster,
                                    AccountId account, const std::string& record);

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
