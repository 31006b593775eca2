#include "services/room/room_rules.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/room/room_id.h"
#include "services/room/room_records.h"

namespace chat::room {
namespace {

absl::Status Invalid(const char* why) { return rpc::Refuse(v1::INVALID_DATA, why); }
absl::Status Denied(const char* why) { return rpc::Refuse(v1::PERMISSION_DENIED, why); }

absl::Status Exceeded(const char* key) { return absl::ResourceExhaustedError(key); }

absl::Status CheckSize(int64_t members, bool channel, const Limits& limits) {
  if (members <= (channel ? limits.channel : limits.group)) return absl::OkStatus();
  return Exceeded(channel ? "channel_limit" : "group_limit");
}

using Rows = std::unordered_map<RosterId, const MemberRow*>;

Rows ByRoster(const LockedRoom& room) {
  Rows rows;
  for (const MemberRow& row : room.named) rows[row.roster] = &row;
  return rows;
}

// PROTOCOL 4.3 for the fields that patch and create have in common.
absl::Status Rewrite(const v1::Room& written, int64_t now_ms, const Limits& limits, RoomRow* room) {
  v1::Room& content = room->content;
  if (written.has_name()) {
    if (written.name().empty()) return Invalid("Room.name: empty");
    room->name = written.name();
  }
  if (written.has_description()) content.set_description(written.description());
  if (written.has_description() && written.description().empty()) content.clear_description();
  if (written.has_tos() && written.tos() != content.tos()) {
    content.set_tos(written.tos());
    content.set_tos_update(now_ms);
    if (written.tos().empty()) content.clear_tos();
  }
  if (!written.settings().empty()) *content.mutable_settings() = written.settings();
  if (!written.data().empty()) *content.mutable_data() = written.data();
  if (written.has_type()) room->channel = written.type() == v1::Room::CHANNEL;
  if (static_cast<int64_t>(content.ByteSizeLong()) > limits.room_bytes) {
    return Exceeded("room_bytes");
  }
  return absl::OkStatus();
}

absl::StatusOr<RoomWrite> Patch(const Asked& asked, const LockedRoom& room, const Limits& limits) {
  RoomRow after = room.room;
  CHAT_RETURN_IF_ERROR(Rewrite(asked.written, room.now_ms, limits, &after));
  if (after.channel != room.room.channel) {
    CHAT_RETURN_IF_ERROR(CheckSize(after.members, after.channel, limits));
  }
  RoomWrite write;
  write.rewritten = std::move(after);
  return write;
}

// Room/add, and Room/join with lists.
absl::StatusOr<RoomWrite> Add(const Asked& asked, const LockedRoom& room, const Limits& limits) {
  if (asked.named.empty()) return Invalid("Room.members: empty, and admins as well");
  for (const Named& named : asked.named) {
    if (!named.known) return Invalid("Room.members: an unknown roster");
  }
  const Rows rows = ByRoster(room);
  RoomWrite write;
  int64_t admins = room.room.admins;
  for (const Named& named : asked.named) {
    const auto row = rows.find(named.who.roster);
    if (row == rows.end()) {
      if (!named.is_friend) return Denied("Room.members: not a friend of the caller");
      if (room.barred.contains(named.who.roster)) return Denied("Room.members: banned here");
      if (room.full.contains(named.who.roster)) return Exceeded("rooms_per_roster");
      write.joined.push_back({named.who, named.admin});
      admins += named.admin ? 1 : 0;
    } else if (row->second->admin != named.admin) {
      (named.admin ? write.promoted : write.demoted).push_back(named.who.roster);
      admins += named.admin ? 1 : -1;
    }
  }
  const auto members = room.room.members + static_cast<int64_t>(write.joined.size());
  if (!write.joined.empty()) CHAT_RETURN_IF_ERROR(CheckSize(members, room.room.channel, limits));
  if (admins == 0) return Denied("Room.members: the last admin stays one");
  return write;
}

absl::StatusOr<RoomWrite> JoinAlone(const Asked& asked, const LockedRoom& room,
                                    const Limits& limits) {
  if (!room.room.channel) return Denied("Room.type: nobody joins a group by himself");
  if (room.account_barred) return Denied("Room.id: the caller is banned here");
  RoomWrite write;
  if (room.actor) return write;
  if (room.full.contains(asked.by.roster)) return Exceeded("rooms_per_roster");
  CHAT_RETURN_IF_ERROR(CheckSize(room.room.members + 1, true, limits));
  write.joined.push_back({asked.by, false});
  return write;
}

// Who of `gone` is in the room goes; refused where members would be left without an admin.
absl::StatusOr<RoomWrite> Part(const LockedRoom& room, const std::vector<const MemberRow*>& gone) {
  RoomWrite write;
  int64_t admins = room.room.admins;
  for (const MemberRow* row : gone) {
    write.gone.push_back(row->roster);
    admins -= row->admin ? 1 : 0;
  }
  write.deleted = room.room.members == static_cast<int64_t>(gone.size());
  if (admins == 0 && !write.deleted) return Denied("Room.admins: the last one stays");
  return write;
}

absl::StatusOr<RoomWrite> Remove(const LockedRoom& room) {
  if (room.named.empty()) return Invalid("Room.members: nobody of them is in the room");
  std::vector<const MemberRow*> gone;
  for (const MemberRow& row : room.named) gone.push_back(&row);
  return Part(room, gone);
}

absl::StatusOr<RoomWrite> Ban(const Asked& asked, const LockedRoom& room, const Limits& limits) {
  if (asked.named.empty()) return Invalid("Room.members: empty");
  RoomWrite write;
  for (const Named& named : asked.named) {
    if (!named.known) return Invalid("Room.members: an unknown roster");
    if (!room.barred.contains(named.who.roster)) write.banned.push_back(named.who);
  }
  for (const MemberRow& row : room.named) {
    if (row.admin) return Denied("Room.members: an admin");
    write.gone.push_back(row.roster);
  }
  if (room.bans + static_cast<int64_t>(write.banned.size()) > limits.bans) {
    return Exceeded("bans_limit");
  }
  return write;
}

absl::StatusOr<RoomWrite> Unban(const Asked& asked) {
  if (asked.named.empty()) return Invalid("Room.members: empty");
  RoomWrite write;
  for (const Named& named : asked.named) {
    if (!named.who.roster) return Invalid("Room.members: not a phone id");
    write.unbanned.push_back(named.who.roster);
  }
  return write;
}

absl::StatusOr<RoomWrite> Silence(const Asked& asked, const LockedRoom& room, bool silent) {
  RoomWrite write;
  if (asked.named.empty()) {
    write.muted = silent;
    return write;
  }
  const Rows rows = ByRoster(room);
  for (const Named& named : asked.named) {
    if (!rows.contains(named.who.roster)) return Invalid("Room.members: one is not in the room");
    (silent ? write.silenced : write.voiced).push_back(named.who.roster);
  }
  return write;
}

}  // namespace

absl::Status MayAsk(v1::Room::Status verb, bool lists, const MemberRow* actor) {
  if (verb == v1::Room::JOIN && !lists) return absl::OkStatus();
  if (actor == nullptr) return Denied("Room.id: the caller is not in the room");
  const bool own =
      verb == v1::Room::GET ||
      (!lists && (verb == v1::Room::LEAVE || verb == v1::Room::MUTE || verb == v1::Room::UNMUTE));
  if (!own && !actor->admin) return Denied("Room.id: the caller is no admin");
  return absl::OkStatus();
}

absl::StatusOr<NewRoom> DecideCreate(const Asked& asked, const Limits& limits) {
  NewRoom created;
  RoomRow& room = created.room;
  if (asked.written.name().empty()) return Invalid("Room.name: empty");
  // The time of the first terms is the room's own; the store knows it.
  CHAT_RETURN_IF_ERROR(Rewrite(asked.written, 0, limits, &room));
  room.name_id = asked.written.has_id() ? asked.written.id() : InventRoomId();
  if (!IsRoomId(room.name_id)) return Invalid("Room.id: malformed");
  created.account = asked.by.account;
  created.joined.push_back({asked.by, true});
  for (const Named& named : asked.named) {
    if (named.known && named.who.roster == asked.by.roster) continue;
    if (!named.known || !named.is_friend) return Denied("Room.members: not a friend");
    created.joined.push_back({named.who, named.admin});
  }
  CHAT_RETURN_IF_ERROR(
      CheckSize(static_cast<int64_t>(created.joined.size()), room.channel, limits));
  return created;
}

absl::StatusOr<RoomWrite> Decide(const Asked& asked, const LockedRoom& room, const Limits& limits) {
  const bool lists = !asked.named.empty();
  CHAT_RETURN_IF_ERROR(MayAsk(asked.verb, lists, room.actor ? &*room.actor : nullptr));
  switch (asked.verb) {
    case v1::Room::PATCH:
      return Patch(asked, room, limits);
    case v1::Room::ADD:
      return Add(asked, room, limits);
    case v1::Room::JOIN:
      return lists ? Add(asked, room, limits) : JoinAlone(asked, room, limits);
    case v1::Room::REMOVE:
      return Remove(room);
    case v1::Room::LEAVE:
      return lists ? Remove(room) : Part(room, {&*room.actor});
    case v1::Room::BAN:
      return Ban(asked, room, limits);
    case v1::Room::UNBAN:
      return Unban(asked);
    case v1::Room::MUTE:
    case v1::Room::UNMUTE:
      return Silence(asked, room, asked.verb == v1::Room::MUTE);
    case v1::Room::DELETE: {
      RoomWrite write;
      write.deleted = true;
      return write;
    }
    default:
      return Invalid("Room.status: changes nothing");
  }
}

absl::StatusOr<RoomWrite> DecidePatch(const v1::Member& request, const LockedRoom& room,
                                      const Limits& limits) {
  if (!room.actor) return Denied("Member.id: not a membership of the caller");
  v1::Member own = room.actor->own;
  const auto write = [&](bool given, const std::string& value, auto set, auto clear) {
    if (given && value.empty()) (own.*clear)();
    if (given && !value.empty()) *(own.*set)() = value;
  };
  using M = v1::Member;
  write(request.has_avatar(), request.avatar(), &M::mutable_avatar, &M::clear_avatar);
  write(request.has_names(), request.names(), &M::mutable_names, &M::clear_names);
  write(request.has_surnames(), request.surnames(), &M::mutable_surnames, &M::clear_surnames);
  write(request.has_alias(), request.alias(), &M::mutable_alias, &M::clear_alias);
  write(request.has_email(), request.email(), &M::mutable_email, &M::clear_email);
  write(request.has_vox_id(), request.vox_id(), &M::mutable_vox_id, &M::clear_vox_id);
  if (!request.settings().empty()) {
    // What was read comes back with the MUTE that is no setting of its own.
    const std::string mute = MuteId(room.room.name_id);
    own.clear_settings();
    for (const v1::Feature& feature : request.settings()) {
      if (feature.id() != mute) *own.add_settings() = feature;
    }
  }
  if (static_cast<int64_t>(own.ByteSizeLong()) > limits.room_bytes) return Exceeded("room_bytes");
  RoomWrite changed;
  changed.own = std::move(own);
  return changed;
}

RoomWrite DecideRemoval(const LockedRoom& room) {
  RoomWrite write;
  int64_t admins = room.room.admins;
  for (const MemberRow& row : room.named) {
    write.gone.push_back(row.roster);
    admins -= row.admin ? 1 : 0;
  }
  if (admins == 0 && room.eldest) write.promoted.push_back(room.eldest->roster);
  write.deleted = !room.eldest;
  return write;
}

}  // namespace chat::room
