// One stored message: reading it before it is changed, and hiding it from one half of its feed.
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

  absl::StatusOr<std::optional<StoredMessage>> Find(pg::Deadline deadline, int64_t id);

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
