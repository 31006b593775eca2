#include "services/room/room_news.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>

#include "services/room/room_records.h"

namespace chat::room {
namespace {

constexpr size_t kNamedIds = 20;
constexpr int kShownAdmins = 200;         // PROTOCOL O21
constexpr size_t kWaitedNotices = 2000;   // more are delivered while nobody waits
constexpr size_t kNoticeBytes = 8 << 20;  // of one change, before its Rooms are bounded

class Teller {
 public:
  Teller(const Happened& happened, int64_t full_list, Known& people)
      : before_(happened.before),
        write_(happened.write),
        after_(happened.after),
        full_list_(full_list),
        people_(people),
        name_id_(happened.after.room.name_id) {
    news_.version = before_.room.version;
  }

  void Joined(const Asked& asked);
  void Parted(const Asked& asked);
  void Patched(const Asked& asked);
  void Unbanned(const Asked& asked);
  void Silenced(const Asked& asked);
  void MutedAlone(const Asked& asked);
  void Deleted();
  void MemberPatched();
  void Removed();
  News Take() { return std::move(news_); }

 private:
  bool large() const { return std::max(before_.room.members, after_.room.members) > full_list_; }
  std::string PhoneId(RosterId roster) { return people_.Of(roster).phone_id(); }
  std::string PhoneIds(const std::vector<RosterId>& rosters) {
    std::vector<std::string> ids;
    for (const RosterId roster : rosters) ids.push_back(PhoneId(roster));
    return NameIds(ids);
  }

  v1::RoomChange& AddChange() {
    v1::RoomChange& change = *news_.changes.emplace_back().mutable_room();
    change.set_room_id(after_.room.id.value);
    change.set_name_id(name_id_);
    change.set_version(++news_.version);
    change.set_open(!write_.deleted);
    change.set_channel(after_.room.channel);
    return change;
  }
  void SetTouched(v1::RoomChange& change) {
    for (const MemberRow& row : after_.touched) {
      v1::RoomMember& member = *change.add_set();
      member.set_roster_id(row.roster.value);
      member.set_admin(row.admin);
      member.set_silent(row.silent);
    }
  }
  static void Broadcast(v1::RoomChange& change, v1::Room room) {
    Bound(kRecordBytes, &room);
    *change.add_broadcasts()->mutable_record()->mutable_room() = std::move(room);
  }
  static void Say(v1::RoomChange& change, RosterId from, const char* type, std::string text) {
    v1::SystemMessage& message = *change.add_broadcasts()->mutable_system();
    message.set_from(from.value);
    message.set_type(type);
    message.set_text(std::move(text));
  }
  static v1::Change Notice(AccountId account, v1::Room room) {
    v1::Change change;
    change.mutable_notice()->set_account_id(account.value);
    *change.mutable_notice()->mutable_record()->mutable_room() = std::move(room);
    return change;
  }
  v1::Member Record(const MemberRow& row, Eyes eyes = Eyes::kOthers) {
    return MemberRecord(name_id_, row, people_.Of(row.roster), eyes);
  }

  void PushFullRooms(const Asked& asked);
  v1::Room AddedRoom(const Asked& asked);
  void SayJoined(v1::RoomChange& change, const Asked& asked);
  v1::Room PartedRoom(const Asked& asked, const std::vector<MemberRow>& gone);
  std::vector<MemberRow> Gone() const;
  void TellGone(const std::vector<MemberRow>& gone, v1::Room::Status status);

  const LockedRoom& before_;
  const RoomWrite& write_;
  const ChangedRoom& after_;
  const int64_t full_list_;
  Known& people_;
  const std::string& name_id_;
  News news_;
};

// To `ses/` of those who joined, but of no creator: the room as it is for them. What it shows of
// others is the same for all of them.
void Teller::PushFullRooms(const Asked& asked) {
  v1::Room full = RoomHeader(after_.room, asked.verb);
  for (const MemberRow& row : after_.shown) {
    if (!large() && !row.admin) *full.add_members() = Record(row);
    if (row.admin && full.admins_size() < kShownAdmins) *full.add_admins() = Record(row);
  }
  const std::set<RosterId> joined = [&] {
    std::set<RosterId> rosters;
    for (const Joining& joining : write_.joined) rosters.insert(joining.who.roster);
    if (asked.verb == v1::Room::CREATE) rosters.erase(asked.by.roster);
    return rosters;
  }();
  if (joined.empty()) return;
  Bound(std::min(kRecordBytes, kNoticeBytes / joined.size()), &full);
  for (const MemberRow& row : after_.touched) {
    if (!joined.contains(row.roster)) continue;
    v1::Room room = full;
    if (large() && !row.admin) *room.add_members() = Record(row, Eyes::kMine);
    news_.changes.push_back(Notice(row.account, std::move(room)));
  }
}

// Who was listed, as they are now; of a large room its listed admins (O21).
v1::Room Teller::AddedRoom(const Asked& asked) {
  v1::Room room = RoomMention(name_id_, asked.verb);
  std::unordered_map<RosterId, const MemberRow*> rows;
  if (before_.actor) rows[before_.actor->roster] = &*before_.actor;
  for (const MemberRow& row : before_.named) rows[row.roster] = &row;
  for (const MemberRow& row : after_.touched) rows[row.roster] = &row;
  const auto show = [&](RosterId roster) {
    const auto row = rows.find(roster);
    if (row == rows.end()) return;
    if (row->second->admin && room.admins_size() < kShownAdmins) {
      *room.add_admins() = Record(*row->second);
    }
    if (!row->second->admin && !large()) *room.add_members() = Record(*row->second);
  };
  if (asked.named.empty()) show(asked.by.roster);
  for (const Named& named : asked.named) show(named.who.roster);
  return room;
}

void Teller::SayJoined(v1::RoomChange& change, const Asked& asked) {
  if (write_.joined.empty()) return;
  const std::string by = PhoneId(asked.by.roster);
  if (asked.verb == v1::Room::CREATE) {
    Say(change, asked.by.roster, "join", by + " created the group");
  } else if (asked.named.empty()) {
    Say(change, asked.by.roster, "join", by + " joined the group");
  } else {
    std::vector<RosterId> rosters;
    for (const Joining& joining : write_.joined) rosters.push_back(joining.who.roster);
    Say(change, asked.by.roster, "join", by + " added " + PhoneIds(rosters));
  }
}

void Teller::Joined(const Asked& asked) {
  if (!after_.touched.empty()) SetTouched(AddChange());
  PushFullRooms(asked);
  v1::RoomChange& change = AddChange();
  if (asked.verb != v1::Room::CREATE) Broadcast(change, AddedRoom(asked));
  SayJoined(change, asked);
}

std::vector<MemberRow> Teller::Gone() const {
  const std::set<RosterId> rosters(write_.gone.begin(), write_.gone.end());
  std::vector<MemberRow> gone;
  for (const MemberRow& row : before_.named) {
    if (rosters.contains(row.roster)) gone.push_back(row);
  }
  if (gone.empty() && before_.actor && rosters.contains(before_.actor->roster)) {
    gone.push_back(*before_.actor);
  }
  return gone;
}

v1::Room Teller::PartedRoom(const Asked& asked, const std::vector<MemberRow>& gone) {
  v1::Room room = RoomMention(name_id_, asked.verb);
  if (large()) return room;
  std::set<RosterId> shown;
  for (const MemberRow& row : gone) {
    shown.insert(row.roster);
    *room.add_members() = RemovedRecord(name_id_, row, people_.Of(row.roster));
  }
  if (asked.verb != v1::Room::BAN) return room;
  for (const Named& named : asked.named) {
    if (shown.contains(named.who.roster)) continue;
    v1::Member& member = *room.add_members();
    member.mutable_muc()->set_name(name_id_);
    member.set_phone_id(named.phone_id);
    member.set_status(v1::Member::REMOVED);
  }
  return room;
}

// PROTOCOL O9: the loss also reaches those concerned on `ses/`.
void Teller::TellGone(const std::vector<MemberRow>& gone, v1::Room::Status status) {
  for (const MemberRow& row : gone) {
    v1::Room room = RoomMention(name_id_, status);
    *room.add_members() = RemovedRecord(name_id_, row, people_.Of(row.roster));
    news_.changes.push_back(Notice(row.account, std::move(room)));
  }
}

void Teller::Parted(const Asked& asked) {
  const std::vector<MemberRow> gone = Gone();
  v1::RoomChange& change = AddChange();
  for (const MemberRow& row : gone) change.add_lost(row.roster.value);
  Broadcast(change, PartedRoom(asked, gone));
  const bool alone = asked.verb == v1::Room::LEAVE && asked.named.empty();
  if (alone) {
    Say(change, asked.by.roster, "leave", PhoneId(asked.by.roster) + " left the group");
  } else if (!gone.empty()) {
    Say(change, asked.by.roster, "removed",
        PhoneId(asked.by.roster) + " removed " + PhoneIds(write_.gone));
  }
  TellGone(gone, asked.verb);
}

void Teller::Patched(const Asked& asked) {
  v1::RoomChange& change = AddChange();
  Broadcast(change, RoomHeader(after_.room, v1::Room::PATCH));
  if (after_.room.name != before_.room.name) {
    Say(change, asked.by.roster, "patch", "Group is renamed to \"" + after_.room.name + "\"");
  }
}

void Teller::Unbanned(const Asked& asked) {
  v1::Room room = RoomMention(name_id_, v1::Room::UNBAN);
  for (const Named& named : asked.named) room.add_members()->set_phone_id(named.phone_id);
  Broadcast(AddChange(), std::move(room));
}

void Teller::MutedAlone(const Asked& asked) {
  news_.changes.push_back(Notice(asked.by.account, RoomMention(name_id_, asked.verb)));
}

// To each listed member and the requester, each account once; of a large room everybody sees
// himself.
void Teller::Silenced(const Asked& asked) {
  SetTouched(AddChange());
  v1::Room all = RoomMention(name_id_, asked.verb);
  if (!large()) {
    for (const MemberRow& row : after_.touched) *all.add_members() = Record(row);
    Bound(std::min(kRecordBytes, kNoticeBytes / (after_.touched.size() + 1)), &all);
  }
  std::set<AccountId> told;
  for (const MemberRow& row : after_.touched) {
    if (!told.insert(row.account).second) continue;
    v1::Room room = all;
    if (large()) *room.add_members() = Record(row);
    news_.changes.push_back(Notice(row.account, std::move(room)));
  }
  if (told.insert(asked.by.account).second) news_.changes.push_back(Notice(asked.by.account, all));
}

void Teller::Deleted() {
  Broadcast(AddChange(), RoomMention(name_id_, v1::Room::DELETE));
  std::vector<v1::Change>& notices =
      after_.accounts.size() > kWaitedNotices ? news_.later : news_.changes;
  for (const AccountId account : after_.accounts) {
    notices.push_back(Notice(account, RoomMention(name_id_, v1::Room::DELETE)));
  }
}

void Teller::MemberPatched() {
  v1::RoomChange& change = AddChange();
  for (const MemberRow& row : after_.touched) {
    v1::Member& member = *change.add_broadcasts()->mutable_record()->mutable_member();
    member = Record(row);
    *member.mutable_settings() = row.own.settings();
    member.set_status(v1::Member::PATCH);
  }
}

void Teller::Removed() {
  const std::vector<MemberRow> gone = Gone();
  v1::RoomChange& change = AddChange();
  SetTouched(change);
  for (const MemberRow& row : gone) change.add_lost(row.roster.value);
  for (const MemberRow& row : gone) {
    v1::Room room = RoomMention(name_id_, v1::Room::LEAVE);
    if (!large()) *room.add_members() = RemovedRecord(name_id_, row, people_.Of(row.roster));
    Broadcast(change, std::move(room));
    Say(change, row.roster, "leave", PhoneId(row.roster) + " left the group");
  }
  if (!after_.touched.empty()) {
    v1::Room room = RoomMention(name_id_, v1::Room::ADD);
    for (const MemberRow& row : after_.touched) *room.add_admins() = Record(row);
    Broadcast(change, std::move(room));
  }
  TellGone(gone, v1::Room::LEAVE);
}

}  // namespace

std::string NameIds(const std::vector<std::string>& phone_ids) {
  std::string text;
  const size_t named = std::min(phone_ids.size(), kNamedIds);
  for (size_t i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + phone_ids[i];
  if (phone_ids.size() > named) {
    text += " and " + std::to_string(phone_ids.size() - named) + " more";
  }
  return text;
}

News Announce(const Asked& asked, const Happened& happened, const Limits& limits, Known& people) {
  Teller teller(happened, limits.full_list, people);
  switch (asked.verb) {
    case v1::Room::CREATE:
    case v1::Room::ADD:
    case v1::Room::JOIN:
      teller.Joined(asked);
      break;
    case v1::Room::REMOVE:
    case v1::Room::LEAVE:
    case v1::Room::BAN:
      teller.Parted(asked);
      break;
    case v1::Room::PATCH:
      teller.Patched(asked);
      break;
    case v1::Room::UNBAN:
      teller.Unbanned(asked);
      break;
    case v1::Room::MUTE:
    case v1::Room::UNMUTE:
      happened.write.muted ? teller.MutedAlone(asked) : teller.Silenced(asked);
      break;
    case v1::Room::DELETE:
      teller.Deleted();
      break;
    default:
      break;
  }
  return teller.Take();
}

News AnnouncePatch(const Happened& happened, Known& people) {
  Teller teller(happened, 0, people);
  teller.MemberPatched();
  return teller.Take();
}

News AnnounceRemoval(const Happened& happened, const Limits& limits, Known& people) {
  Teller teller(happened, limits.full_list, people);
  teller.Removed();
  return teller.Take();
}

}  // namespace chat::room
