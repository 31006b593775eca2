// Committed batches that Redis may not have taken, and what the stable horizon is computed from.
#pragma once

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "libs/pg/pool.h"
#include "services/messaging/rows.h"

namespace chat::messaging {

// A look at the sequence: every position up to `position` was drawn by a transaction whose xid is
// below `xid`. Without xid: there is no position above the one asked.
struct HorizonMark {
  int64_t position = 0;
  std::optional<int64_t> xid;
};

struct HorizonView {
  int64_t oldest_xid = 0;   // every transaction below it has ended
  int64_t unpublished = 0;  // lowest position that Redis may not have taken; 0: none
};

class AnnouncementStore {
 public:
  virtual ~AnnouncementStore() = default;
  virtual absl::Status DeletePublished(pg::Deadline deadline, const std::vector<int64_t>& ids) = 0;
  // At most `limit` announcements older than a second, oldest first, each with its events; no other
  // caller gets them for a second.
  virtual absl::StatusOr<std::vector<Announcement>> ClaimOverdue(pg::Deadline deadline,
                                                                 int limit) = 0;
  // `above`: a position known to be stable; -1 asks for a mark in any case.
  virtual absl::StatusOr<HorizonMark> Mark(pg::Deadline deadline, int64_t above) = 0;
  virtual absl::StatusOr<HorizonView> View(pg::Deadline deadline) = 0;
};

}  // namespace chat::messaging
