#include "services/room/pg_room_rows.h"

#include "libs/pg/pool.h"

namespace chat::room {
namespace {

std::string Bytes(const pqxx::field& field) { return pqxx::binarystring(field).str(); }

MemberId Neighbour(const pqxx::field& field) {
  return field.is_null() ? MemberId() : MemberId{field.as<int64_t>()};
}

}  // namespace

RoomRow ToRoom(const pqxx::row& row, int first) {
  RoomRow room;
  room.id = {row[first].as<int64_t>()};
  room.name_id = Bytes(row[first + 1]);
  room.channel = row[first + 2].as<bool>();
  room.name = row[first + 3].as<std::string>();
  // What is written here comes from this service; unreadable content shows as none.
  if (!room.content.ParseFromString(Bytes(row[first + 4]))) room.content.Clear();
  room.version = row[first + 5].as<int64_t>();
  room.members = row[first + 6].as<int64_t>();
  room.admins = row[first + 7].as<int64_t>();
  room.created_ms = row[first + 8].as<int64_t>();
  room.update_ms = row[first + 9].as<int64_t>();
  return room;
}

MemberRow ToMember(const pqxx::row& row, int first) {
  MemberRow member;
  member.id = {row[first].as<int64_t>()};
  member.room = {row[first + 1].as<int64_t>()};
  member.roster = {row[first + 2].as<int64_t>()};
  member.account = {row[first + 3].as<int64_t>()};
  member.admin = row[first + 4].as<bool>();
  member.silent = row[first + 5].as<bool>();
  member.muted = row[first + 6].as<bool>();
  if (!member.own.ParseFromString(Bytes(row[first + 7]))) member.own.Clear();
  member.update_ms = row[first + 8].as<int64_t>();
  member.prev = Neighbour(row[first + 9]);
  member.next = Neighbour(row[first + 10]);
  return member;
}

std::vector<MemberRow> ToMembers(const pqxx::result& rows) {
  std::vector<MemberRow> members;
  members.reserve(rows.size());
  for (const pqxx::row& row : rows) members.push_back(ToMember(row));
  return members;
}

std::string Array(const std::vector<RosterId>& rosters) {
  std::vector<int64_t> ids;
  ids.reserve(rosters.size());
  for (const RosterId roster : rosters) ids.push_back(roster.value);
  return pg::Array(ids);
}

}  // namespace chat::room
