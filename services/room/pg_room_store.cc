#include "services/room/pg_room_store.h"

namespace chat::room {
namespace {

constexpr pg::Statement kExists{"room_exists",
                                "SELECT 1 FROM room.room WHERE name_id = $1 AND deleted IS NULL"};

}  // namespace

absl::StatusOr<bool> PgRoomStore::Exists(pg::Deadline deadline, const std::string& room_id) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return !tx.Exec(kExists, pqxx::binarystring(room_id)).empty();
  });
}

}  // namespace chat::room
