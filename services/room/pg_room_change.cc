// The changes of PgRoomStore: lock, decide, write, read again, tell.
#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "libs/base/status.h"
#include "services/room/pg_room_rows.h"
#include "services/room/pg_room_store.h"

namespace chat::room {
namespace {

constexpr int64_t kShownAdmins = 200;                             // PROTOCOL O21
constexpr int64_t kRememberedMs = int64_t{8} * 24 * 3600 * 1000;  // longer than sessions live
constexpr int64_t kForgottenAtOnce = 100;

constexpr pg::Statement kLock = {"room_lock",
                                 "SELECT " CHAT_ROOM_COLUMNS
                                 ", room.now_ms() FROM room.room r WHERE r.name_id = $1"
                                 " AND r.deleted IS NULL FOR UPDATE"};
constexpr pg::Statement kActor = {
    "room_actor", "SELECT " CHAT_MEMBER_COLUMNS
                  " FROM room.member m WHERE m.room_id = $1 AND m.account_id = $2"
                  " AND ($3::bigint = 0 OR m.id = $3) ORDER BY m.roster_id LIMIT 1"};
constexpr pg::Statement kNamed = {
    "room_named", "SELECT " CHAT_MEMBER_COLUMNS
                  " FROM room.member m WHERE m.room_id = $1 AND m.roster_id = ANY ($2::bigint[])"
                  " ORDER BY m.id"};
constexpr pg::Statement kEldest = {
    "room_eldest", "SELECT " CHAT_MEMBER_COLUMNS
                   " FROM room.member m WHERE m.room_id = $1 AND m.roster_id <> ALL ($2::bigint[])"
                   " ORDER BY m.id LIMIT 1"};
constexpr pg::Statement kBarred = {
    "room_barred",
    "SELECT roster_id FROM room.ban WHERE room_id = $1 AND roster_id = ANY ($2::bigint[])"};
constexpr pg::Statement kBans = {
    "room_bans",
    "SELECT count(*), coalesce(bool_or(account_id = $2), false) FROM room.ban"
    " WHERE room_id = $1"};
constexpr pg::Statement kFull = {
    "room_full",
    "SELECT roster_id FROM room.member WHERE roster_id = ANY ($1::bigint[])"
    " GROUP BY roster_id HAVING count(*) >= $2"};

constexpr pg::Statement kInsertRoom = {
    "room_insert_room",
    "INSERT INTO room.room AS r (name_id, channel, name, content) VALUES ($1, $2, $3, $4)"
    " RETURNING " CHAT_ROOM_COLUMNS ", room.now_ms()"};
constexpr pg::Statement kInsertMembers = {
    "room_insert_members",
    "INSERT INTO room.member (room_id, roster_id, account_id, admin, update_ms)"
    " SELECT $1, t.roster, t.account, t.admin <> 0, $5"
    " FROM unnest($2::bigint[], $3::bigint[], $4::bigint[])"
    " WITH ORDINALITY AS t (roster, account, admin, place) ORDER BY t.place"};
// Who becomes an admin has a voice.
constexpr pg::Statement kSetRole = {
    "room_set_role",
    "UPDATE room.member SET admin = $3, silent = silent AND NOT $3, update_ms = $4"
    " WHERE room_id = $1 AND roster_id = ANY ($2::bigint[])"};
constexpr pg::Statement kSetSilent = {"room_set_silent",
                                      "UPDATE room.member SET silent = $3, update_ms = $4"
                                      " WHERE room_id = $1 AND roster_id = ANY ($2::bigint[])"};
constexpr pg::Statement kDeleteMembers = {
    "room_delete_members",
    "DELETE FROM room.member WHERE room_id = $1 AND roster_id = ANY ($2::bigint[])"};
constexpr pg::Statement kDeleteAll = {
    "room_delete_all",
    "WITH gone AS (DELETE FROM room.member WHERE room_id = $1 RETURNING account_id)"
    " SELECT DISTINCT account_id FROM gone ORDER BY account_id"};
constexpr pg::Statement kDeleteBans = {"room_delete_bans",
                                       "DELETE FROM room.ban WHERE room_id = $1"};
constexpr pg::Statement kBan = {
    "room_ban",
    "INSERT INTO room.ban (room_id, roster_id, account_id) SELECT $1, t.roster, t.account"
    " FROM unnest($2::bigint[], $3::bigint[]) AS t (roster, account) ON CONFLICT DO NOTHING"};
constexpr pg::Statement kUnban = {
    "room_unban", "DELETE FROM room.ban WHERE room_id = $1 AND roster_id = ANY ($2::bigint[])"};
constexpr pg::Statement kSetMuted = {
    "room_set_muted", "UPDATE room.member SET muted = $2, update_ms = $3 WHERE id = $1"};
constexpr pg::Statement kSetOwn = {"room_set_own",
                                   "UPDATE room.member SET own = $2, update_ms = $3 WHERE id = $1"};
constexpr pg::Statement kWriteRoom = {
    "room_write_room",
    "UPDATE room.room SET version = $2, channel = $3, name = $4, content = $5, members = $6,"
    " admins = $7, update_ms = $8, deleted = CASE WHEN $9 THEN now() END WHERE id = $1"};
constexpr pg::Statement kRemember = {
    "room_remember",
    "INSERT INTO room.request (account_id, packet, epoch, room_id, made_ms)"
    " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account_id, packet) DO UPDATE SET"
    " epoch = excluded.epoch, room_id = excluded.room_id, made_ms = excluded.made_ms"};
constexpr pg::Statement kForget = {
    "room_forget",
    "DELETE FROM room.request WHERE ctid = ANY (ARRAY(SELECT ctid FROM room.request"
    " WHERE made_ms < $1 ORDER BY made_ms LIMIT $2 FOR UPDATE SKIP LOCKED))"};
constexpr pg::Statement kShownAll = {"room_shown_all",
                                     "SELECT " CHAT_MEMBER_COLUMNS
                                     " FROM room.member m WHERE m.room_id = $1 ORDER BY m.id"};
constexpr pg::Statement kShownAdminsOnly = {"room_shown_admins",
                                            "SELECT " CHAT_MEMBER_COLUMNS
                                            " FROM room.member m WHERE m.room_id = $1 AND m.admin"
                                            " ORDER BY m.id LIMIT $2"};

std::string Key(RoomId room) { return "room:" + std::to_string(room.value); }

std::set<RosterId> ToRosters(const pqxx::result& rows) {
  std::set<RosterId> rosters;
  for (const pqxx::row& row : rows) rosters.insert({row[0].as<int64_t>()});
  return rosters;
}

void InsertMembers(pg::Tx& tx, RoomId room, const std::vector<Joining>& joined, int64_t now_ms) {
  if (joined.empty()) return;
  std::vector<int64_t> rosters, accounts, admins;
  for (const Joining& joining : joined) {
    rosters.push_back(joining.who.roster.value);
    accounts.push_back(joining.who.account.value);
    admins.push_back(joining.admin ? 1 : 0);
  }
  tx.Exec(kInsertMembers, room.value, pg::Array(rosters), pg::Array(accounts), pg::Array(admins),
          now_ms);
}

void WriteBans(pg::Tx& tx, RoomId room, const RoomWrite& write) {
  if (!write.banned.empty()) {
    std::vector<int64_t> rosters, accounts;
    for (const Identity& who : write.banned) {
      rosters.push_back(who.roster.value);
      accounts.push_back(who.account.value);
    }
    tx.Exec(kBan, room.value, pg::Array(rosters), pg::Array(accounts));
  }
  if (!write.unbanned.empty()) tx.Exec(kUnban, room.value, Array(write.unbanned));
}

void WriteMembers(pg::Tx& tx, const LockedRoom& before, const RoomWrite& write) {
  const int64_t room = before.room.id.value;
  const int64_t now = before.now_ms;
  InsertMembers(tx, before.room.id, write.joined, now);
  if (!write.promoted.empty()) tx.Exec(kSetRole, room, Array(write.promoted), true, now);
  if (!write.demoted.empty()) tx.Exec(kSetRole, room, Array(write.demoted), false, now);
  if (!write.silenced.empty()) tx.Exec(kSetSilent, room, Array(write.silenced), true, now);
  if (!write.voiced.empty()) tx.Exec(kSetSilent, room, Array(write.voiced), false, now);
  if (!write.gone.empty()) tx.Exec(kDeleteMembers, room, Array(write.gone));
  if (write.muted) tx.Exec(kSetMuted, before.actor->id.value, *write.muted, now);
  if (write.own) {
    tx.Exec(kSetOwn, before.actor->id.value, pqxx::binarystring(write.own->SerializeAsString()),
            now);
  }
  WriteBans(tx, before.room.id, write);
}

int64_t AdminsGone(const LockedRoom& before, const RoomWrite& write) {
  const std::set<RosterId> gone(write.gone.begin(), write.gone.end());
  std::set<RosterId> admins;
  for (const MemberRow& row : before.named) {
    if (row.admin && gone.contains(row.roster)) admins.insert(row.roster);
  }
  if (before.actor && before.actor->admin && gone.contains(before.actor->roster)) {
    admins.insert(before.actor->roster);
  }
  return static_cast<int64_t>(admins.size());
}

RoomRow After(const LockedRoom& before, const RoomWrite& write) {
  RoomRow room = write.rewritten.value_or(before.room);
  const auto size = [](const auto& list) { return static_cast<int64_t>(list.size()); };
  const auto joined_admins = std::count_if(write.joined.begin(), write.joined.end(),
                                           [](const Joining& joining) { return joining.admin; });
  room.members += size(write.joined) - size(write.gone);
  room.admins +=
      joined_admins + size(write.promoted) - size(write.demoted) - AdminsGone(before, write);
  if (!write.private_to_actor()) room.update_ms = std::max(room.update_ms, before.now_ms);
  return room;
}

std::vector<RosterId> Touched(const LockedRoom& before, const RoomWrite& write) {
  std::vector<RosterId> touched;
  for (const Joining& joining : write.joined) touched.push_back(joining.who.roster);
  for (const auto* list : {&write.promoted, &write.demoted, &write.silenced, &write.voiced}) {
    touched.insert(touched.end(), list->begin(), list->end());
  }
  if (write.own || write.muted) touched.push_back(before.actor->roster);
  return touched;
}

void Remember(pg::Tx& tx, AccountId account, const std::string& packet, int64_t epoch, RoomId room,
              int64_t now_ms) {
  if (packet.empty()) return;
  tx.Exec(kRemember, account.value, packet, epoch, room.value, now_ms);
  tx.Exec(kForget, now_ms - kRememberedMs, kForgottenAtOnce);
}

std::vector<std::string> Payloads(const std::vector<v1::Change>& changes) {
  std::vector<std::string> payloads;
  payloads.reserve(changes.size());
  for (const v1::Change& change : changes) payloads.push_back(change.SerializeAsString());
  return payloads;
}

}  // namespace

absl::StatusOr<LockedRoom> PgRoomStore::Lock(pg::Tx& tx, const ChangeRequest& request) {
  const pqxx::result rooms = tx.Exec(kLock, pqxx::binarystring(request.name_id));
  if (rooms.empty()) return absl::NotFoundError("no such room");
  LockedRoom locked;
  locked.room = ToRoom(rooms[0]);
  locked.now_ms = rooms[0][kRoomColumns].as<int64_t>();
  const int64_t room = locked.room.id.value;
  const std::string named = Array(request.named);
  if (request.account) {
    const pqxx::result actor = tx.Exec(kActor, room, request.account.value, request.member.value);
    if (!actor.empty()) locked.actor = ToMember(actor[0]);
  } else if (const pqxx::result eldest = tx.Exec(kEldest, room, named); !eldest.empty()) {
    locked.eldest = ToMember(eldest[0]);
  }
  const pqxx::result bans = tx.Exec(kBans, room, request.account.value);
  locked.bans = bans[0][0].as<int64_t>();
  locked.account_barred = bans[0][1].as<bool>();
  if (request.named.empty()) return locked;
  locked.named = ToMembers(tx.Exec(kNamed, room, named));
  locked.barred = ToRosters(tx.Exec(kBarred, room, named));
  locked.full = ToRosters(tx.Exec(kFull, named, limits_.rooms_per_roster));
  return locked;
}

// Everything but the room's own row is written: reads what is told, and completes the transaction.
absl::Status PgRoomStore::Finish(pg::Tx& tx, const LockedRoom& before, const RoomWrite& write,
                                 ChangedRoom& after, const Tell& tell) {
  const int64_t id = after.room.id.value;
  if (const std::vector<RosterId> touched = Touched(before, write); !touched.empty()) {
    after.touched = ToMembers(tx.Exec(kNamed, id, Array(touched)));
  }
  if (!write.joined.empty()) {
    const bool large = after.room.members > limits_.full_list;
    after.shown =
        ToMembers(large ? tx.Exec(kShownAdminsOnly, id, kShownAdmins) : tx.Exec(kShownAll, id));
  }
  CHAT_ASSIGN_OR_RETURN(const News news, tell(before, write, after));
  const RoomRow& room = after.room;
  tx.Exec(kWriteRoom, id, news.version, room.channel, room.name,
          pqxx::binarystring(room.content.SerializeAsString()), room.members, room.admins,
          room.update_ms, write.deleted);
  outbox_.AddAll(tx, Key(room.id), Payloads(news.changes));
  outbox_.AddAll(tx, Key(room.id) + ":later", Payloads(news.later));
  return absl::OkStatus();
}

absl::StatusOr<RoomId> PgRoomStore::Change(Deadline deadline, const ChangeRequest& request,
                                           const Decide& decide, const Tell& tell) {
  return pool_.Get<RoomId>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<RoomId> {
    CHAT_ASSIGN_OR_RETURN(const LockedRoom before, Lock(tx, request));
    CHAT_ASSIGN_OR_RETURN(const RoomWrite write, decide(before));
    WriteMembers(tx, before, write);
    ChangedRoom after{After(before, write), {}, {}, {}};
    if (write.deleted) {
      for (const pqxx::row& row : tx.Exec(kDeleteAll, before.room.id.value)) {
        after.accounts.push_back({row[0].as<int64_t>()});
      }
      tx.Exec(kDeleteBans, before.room.id.value);
      after.room.members = after.room.admins = 0;
    }
    CHAT_RETURN_IF_ERROR(Finish(tx, before, write, after, tell));
    Remember(tx, request.account, request.packet, request.epoch, before.room.id, before.now_ms);
    return before.room.id;
  });
}

absl::StatusOr<RoomId> PgRoomStore::Create(Deadline deadline, const NewRoom& created,
                                           const Tell& tell) {
  return pool_.Get<RoomId>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<RoomId> {
    std::vector<RosterId> rosters;
    for (const Joining& joining : created.joined) rosters.push_back(joining.who.roster);
    if (!tx.Exec(kFull, Array(rosters), limits_.rooms_per_roster).empty()) {
      return absl::ResourceExhaustedError("rooms_per_roster");
    }
    const RoomRow& wanted = created.room;
    const pqxx::result rows =
        tx.Exec(kInsertRoom, pqxx::binarystring(wanted.name_id), wanted.channel, wanted.name,
                pqxx::binarystring(wanted.content.SerializeAsString()));
    LockedRoom before;
    before.room = ToRoom(rows[0]);
    before.now_ms = rows[0][kRoomColumns].as<int64_t>();
    RoomWrite write;
    write.joined = created.joined;
    WriteMembers(tx, before, write);
    ChangedRoom after{After(before, write), {}, {}, {}};
    if (after.room.content.has_tos()) after.room.content.set_tos_update(before.now_ms);
    CHAT_RETURN_IF_ERROR(Finish(tx, before, write, after, tell));
    Remember(tx, created.account, created.packet, created.epoch, before.room.id, before.now_ms);
    return before.room.id;
  });
}

absl::Status PgRoomStore::Deliver(Deadline deadline, RoomId room) {
  const absl::Status status = outbox_.Drain(deadline, Key(room));
  if (status.ok()) return status;
  // Whatever keeps messaging from applying: the requester may repeat, the outbox goes on trying.
  return absl::UnavailableError(
      View("messaging has not applied " + Key(room) + ": " + Message(status)));
}

}  // namespace chat::room
