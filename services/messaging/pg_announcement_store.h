// messaging.announcement and the horizon's view of the transactions in PostgreSQL.
#pragma once

#include "services/messaging/announcement_store.h"

namespace chat::messaging {

class PgAnnouncementStore : public AnnouncementStore {
 public:
  explicit PgAnnouncementStore(pg::Pool& pool) : pool_(pool) {}
  absl::Status DeletePublished(pg::Deadline deadline, const std::vector<int64_t>& ids) override;
  absl::StatusOr<std::vector<Announcement>> ClaimOverdue(pg::Deadline deadline, int limit) override;
  absl::StatusOr<HorizonMark> Mark(pg::Deadline deadline, int64_t above) override;
  absl::StatusOr<HorizonView> View(pg::Deadline deadline) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::messaging
