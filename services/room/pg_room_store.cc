#include "services/room/pg_room_store.h"

#include "libs/base/status.h"
#include "services/room/pg_room_rows.h"

namespace chat::room {
namespace {

constexpr pg::Statement kLook = {"room_look",
                                 "SELECT " CHAT_ROOM_COLUMNS
                                 " FROM room.room r WHERE r.name_id = $1 AND r.deleted IS NULL"};
constexpr pg::Statement kOldestOwn = {
    "room_oldest_own", "SELECT " CHAT_MEMBER_COLUMNS
                       " FROM room.member m WHERE m.room_id = $1 AND m.account_id = $2"
                       " ORDER BY m.roster_id LIMIT 1"};
constexpr pg::Statement kMembers = {
    "room_members", "SELECT " CHAT_MEMBER_COLUMNS
                    " FROM room.member m WHERE m.room_id = $1 AND NOT m.admin AND m.id > $2"
                    " ORDER BY m.id LIMIT $3"};
constexpr pg::Statement kAdmins = {"room_admins",
                                   "SELECT " CHAT_MEMBER_COLUMNS
                                   " FROM room.member m WHERE m.room_id = $1 AND m.admin"
                                   " AND m.id > $2 ORDER BY m.id LIMIT $3"};
constexpr pg::Statement kOwn = {
    "room_own", "SELECT " CHAT_ROOM_COLUMNS ", " CHAT_MEMBER_COLUMNS
                " FROM room.member m JOIN room.room r ON r.id = m.room_id WHERE m.account_id = $1"
                " AND ($2::bigint = 0 OR m.id = $2) AND (octet_length($3::bytea) = 0"
                " OR r.name_id = $3) ORDER BY m.roster_id, m.id LIMIT 2"};
constexpr pg::Statement kRoomsOf = {
    "room_rooms_of", "SELECT " CHAT_ROOM_COLUMNS ", " CHAT_MEMBER_COLUMNS
                     " FROM room.member m JOIN room.room r ON r.id = m.room_id"
                     " WHERE m.roster_id = ANY ($1::bigint[]) ORDER BY r.id, m.roster_id"};
constexpr pg::Statement kMembersOf = {
    "room_members_of",
    "SELECT " CHAT_MEMBER_COLUMNS
    " FROM room.member m WHERE m.room_id = ANY ($1::bigint[])"
    " UNION ALL SELECT " CHAT_MEMBER_COLUMNS
    " FROM (SELECT DISTINCT unnest($2::bigint[]) AS room_id) l"
    " CROSS JOIN LATERAL (SELECT * FROM room.member a WHERE a.room_id = l.room_id"
    " AND a.admin ORDER BY a.id LIMIT $3) m ORDER BY 2, 1"};
constexpr pg::Statement kCoMembers = {
    "room_co_members",
    "SELECT DISTINCT o.roster_id FROM room.member m JOIN room.room r ON r.id = m.room_id"
    " JOIN room.member o ON o.room_id = m.room_id WHERE m.roster_id = $1 AND r.members <= $2"
    " AND o.roster_id <> $1 ORDER BY o.roster_id"};
constexpr pg::Statement kFindIds = {
    "room_find_ids", "SELECT " CHAT_ROOM_COLUMNS
                     " FROM room.room r WHERE r.name_id = ANY ($1::bytea[]) AND r.deleted IS NULL"
                     " AND NOT EXISTS (SELECT 1 FROM room.ban b WHERE b.room_id = r.id"
                     " AND b.roster_id = $2) ORDER BY r.id LIMIT $3"};
constexpr pg::Statement kFindName = {
    "room_find_name",
    "SELECT " CHAT_ROOM_COLUMNS
    " FROM room.room r, (SELECT upper($1::text COLLATE \"und-x-icu\") COLLATE \"default\" AS "
    "folded)"
    " AS wanted WHERE r.channel AND r.deleted IS NULL AND r.name_folded = wanted.folded"
    " AND NOT EXISTS (SELECT 1 FROM room.ban b WHERE b.room_id = r.id AND b.roster_id = $2)"
    " ORDER BY r.id LIMIT $3"};
// A prefix is a range that ends before its continuation with the last code point.
constexpr pg::Statement kFindPrefix = {
    "room_find_prefix",
    "SELECT " CHAT_ROOM_COLUMNS
    " FROM room.room r, (SELECT upper($1::text COLLATE \"und-x-icu\") COLLATE \"default\" AS "
    "folded)"
    " AS wanted WHERE r.channel AND r.deleted IS NULL AND r.name_folded ~>=~ wanted.folded"
    " AND r.name_folded ~<~ (wanted.folded || chr(1114111))"
    " AND NOT EXISTS (SELECT 1 FROM room.ban b WHERE b.room_id = r.id AND b.roster_id = $2)"
    " ORDER BY r.name_folded USING ~<~, r.id LIMIT $3"};
// A resend follows a reconnect: it comes in the epoch of the first, or in the next (O3).
constexpr pg::Statement kRepeated = {
    "room_repeated", "SELECT " CHAT_ROOM_COLUMNS
                     " FROM room.request q JOIN room.room r ON r.id = q.room_id"
                     " WHERE q.account_id = $1 AND q.packet = $2 AND q.epoch >= $3::bigint - 1"};

SeenRoom ToSeen(const pqxx::row& row) { return {ToRoom(row), ToMember(row, kRoomColumns)}; }

std::vector<SeenRoom> ToSeen(const pqxx::result& rows) {
  std::vector<SeenRoom> seen;
  for (const pqxx::row& row : rows) seen.push_back(ToSeen(row));
  return seen;
}

}  // namespace

absl::StatusOr<std::optional<SeenRoom>> PgRoomStore::Look(Deadline deadline,
                                                          const std::string& name_id,
                                                          AccountId account) {
  return pool_.Read<std::optional<SeenRoom>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::optional<SeenRoom>> {
        const pqxx::result rooms = tx.Exec(kLook, pqxx::binarystring(name_id));
        if (rooms.empty()) return std::optional<SeenRoom>();
        SeenRoom seen{ToRoom(rooms[0]), std::nullopt};
        const pqxx::result own = tx.Exec(kOldestOwn, seen.room.id.value, account.value);
        if (!own.empty()) seen.own = ToMember(own[0]);
        return std::optional<SeenRoom>(std::move(seen));
      });
}

absl::StatusOr<Lists> PgRoomStore::Members(Deadline deadline, RoomId room, Page members,
                                           Page admins) {
  return pool_.Read<Lists>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Lists> {
    Lists lists;
    if (members.limit > 0) {
      lists.members = ToMembers(tx.Exec(kMembers, room.value, members.after.value, members.limit));
    }
    if (admins.limit > 0) {
      lists.admins = ToMembers(tx.Exec(kAdmins, room.value, admins.after.value, admins.limit));
    }
    return lists;
  });
}

absl::StatusOr<std::vector<SeenRoom>> PgRoomStore::Own(Deadline deadline, AccountId account,
                                                       MemberId member,
                                                       const std::string& name_id) {
  return pool_.Read<std::vector<SeenRoom>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<SeenRoom>> {
        return ToSeen(tx.Exec(kOwn, account.value, member.value, pqxx::binarystring(name_id)));
      });
}

absl::StatusOr<std::vector<SeenRoom>> PgRoomStore::RoomsOf(Deadline deadline,
                                                           const std::vector<RosterId>& rosters) {
  return pool_.Read<std::vector<SeenRoom>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<SeenRoom>> {
        return ToSeen(tx.Exec(kRoomsOf, Array(rosters)));
      });
}

absl::StatusOr<std::vector<MemberRow>> PgRoomStore::MembersOf(Deadline deadline,
                                                              const std::vector<RoomId>& whole,
                                                              const std::vector<RoomId>& others,
                                                              int64_t admins) {
  if (whole.empty() && others.empty()) return std::vector<MemberRow>();
  std::vector<int64_t> all, led;
  for (const RoomId room : whole) all.push_back(room.value);
  for (const RoomId room : others) led.push_back(room.value);
  return pool_.Read<std::vector<MemberRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<MemberRow>> {
        return ToMembers(tx.Exec(kMembersOf, pg::Array(all), pg::Array(led), admins));
      });
}

absl::StatusOr<std::vector<RosterId>> PgRoomStore::CoMembers(Deadline deadline, RosterId roster,
                                                             int64_t largest) {
  return pool_.Read<std::vector<RosterId>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RosterId>> {
        std::vector<RosterId> others;
        for (const pqxx::row& row : tx.Exec(kCoMembers, roster.value, largest)) {
          others.push_back({row[0].as<int64_t>()});
        }
        return others;
      });
}

absl::StatusOr<std::vector<RoomRow>> PgRoomStore::Find(Deadline deadline, const Wanted& wanted) {
  return pool_.Read<std::vector<RoomRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RoomRow>> {
        std::vector<RoomRow> found;
        const auto add = [&](const pqxx::result& rows) {
          for (const pqxx::row& row : rows) found.push_back(ToRoom(row));
        };
        if (!wanted.ids.empty()) {
          add(tx.Exec(kFindIds, pg::BytesArray(wanted.ids), wanted.roster.value, wanted.limit));
        }
        if (!wanted.name.empty()) {
          add(tx.Exec(wanted.exact ? kFindName : kFindPrefix, wanted.name, wanted.roster.value,
                      wanted.limit));
        }
        return found;
      });
}

absl::StatusOr<std::optional<SeenRoom>> PgRoomStore::Repeated(Deadline deadline, AccountId account,
                                                              const std::string& packet,
                                                              int64_t epoch) {
  return pool_.Read<std::optional<SeenRoom>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::optional<SeenRoom>> {
        const pqxx::result rows = tx.Exec(kRepeated, account.value, packet, epoch);
        if (rows.empty()) return std::optional<SeenRoom>();
        return std::optional<SeenRoom>({ToRoom(rows[0]), std::nullopt});
      });
}

}  // namespace chat::room
