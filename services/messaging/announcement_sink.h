// Where committed events go on their way to Redis. Writers know only this.
#pragma once

#include <cstdint>
#include <vector>

#include "services/messaging/rows.h"

namespace chat::messaging {

class AnnouncementSink {
 public:
  virtual ~AnnouncementSink() = default;
  // Publishes committed events, in this order, without waiting. Losing them here loses nothing:
  // the announcement row stays and brings them again.
  virtual void Publish(Announcement announcement) = 0;
  // Announcement rows that Redis has taken since the last call, for the next transaction to delete.
  virtual std::vector<int64_t> TakePublished() = 0;
  // That transaction failed.
  virtual void GiveBack(const std::vector<int64_t>& published) = 0;
};

}  // namespace chat::messaging
