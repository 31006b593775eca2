// Rooms: what the domain asks of storage. Every verb is one transaction. Thread safe. Errors are
// those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <string>

#include "libs/pg/pool.h"

namespace chat::room {

class RoomStore {
 public:
  virtual ~RoomStore() = default;
  // Whether there is a room of this id that has not been deleted. Any bytes may be asked for.
  virtual absl::StatusOr<bool> Exists(pg::Deadline deadline, const std::string& room_id) = 0;
};

}  // namespace chat::room
