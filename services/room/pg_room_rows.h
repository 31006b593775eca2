// Rows of the statements that read rooms and memberships. Their columns are named here, in the
// order that To…() reads them.
#pragma once

#include <pqxx/pqxx>

#include "services/room/room_store.h"

// Of `room.room r`.
#define CHAT_ROOM_COLUMNS                                                          \
  "r.id, r.name_id, r.channel, r.name, r.content, r.version, r.members, r.admins," \
  " (extract(epoch FROM r.created) * 1000)::bigint, r.update_ms"
// Of `room.member m`, with its neighbours in the chain.
#define CHAT_MEMBER_COLUMNS                                                        \
  "m.id, m.room_id, m.roster_id, m.account_id, m.admin, m.silent, m.muted, m.own," \
  " m.update_ms, (SELECT p.id FROM room.member p WHERE p.room_id = m.room_id"      \
  " AND p.id < m.id ORDER BY p.id DESC LIMIT 1), (SELECT n.id FROM room.member n"  \
  " WHERE n.room_id = m.room_id AND n.id > m.id ORDER BY n.id LIMIT 1)"

namespace chat::room {

// Where the columns begin.
constexpr int kRoomColumns = 10;
RoomRow ToRoom(const pqxx::row& row, int first = 0);
MemberRow ToMember(const pqxx::row& row, int first = 0);
std::vector<MemberRow> ToMembers(const pqxx::result& rows);

// For `$1::bigint[]`.
std::string Array(const std::vector<RosterId>& rosters);

}  // namespace chat::room
