// RoomStore on PostgreSQL, schema room.
#pragma once

#include "services/room/room_store.h"

namespace chat::room {

class PgRoomStore : public RoomStore {
 public:
  explicit PgRoomStore(pg::Pool& pool) : pool_(pool) {}  // outlives it

  absl::StatusOr<bool> Exists(pg::Deadline deadline, const std::string& room_id) override;

 private:
  pg::Pool& pool_;
};

}  // namespace chat::room
