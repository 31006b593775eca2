#include "services/room/room_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "libs/base/status.h"
#include "services/room/room_records.h"

namespace chat::room {
namespace {

constexpr int64_t kPageOfMembers = 500;       // PROTOCOL O21
constexpr int64_t kPageOfAdmins = 200;        // PROTOCOL O21
constexpr int64_t kMembersPerReply = 10'000;  // of Rooms()
constexpr size_t kBytesPerReply = 8 << 20;    // half of gRPC's limit

void SetView(v1::FeedView& view, RosterId own, const Lists& lists, v1::Room& room) {
  room.set_unread(view.unread());
  if (view.has_last()) *room.mutable_last_msg() = std::move(*view.mutable_last());
  const auto read = [&](const std::vector<MemberRow>& rows, auto* members) {
    for (int i = 0; i < members->size(); ++i) {
      if (rows[i].roster == own) members->Mutable(i)->set_reader(view.reader());
    }
  };
  read(lists.members, room.mutable_members());
  read(lists.admins, room.mutable_admins());
}

v1::Room Record(const SeenRoom& seen, v1::Room::Status status, const Lists& lists, Known& known,
                v1::FeedView& view) {
  v1::Room room = RoomHeader(seen.room, status);
  const auto record = [&](const MemberRow& row) {
    const Eyes eyes = row.roster == seen.own->roster ? Eyes::kMine : Eyes::kOthers;
    return MemberRecord(seen.room.name_id, row, known.Of(row.roster), eyes);
  };
  for (const MemberRow& row : lists.members) *room.add_members() = record(row);
  for (const MemberRow& row : lists.admins) *room.add_admins() = record(row);
  room.set_update(std::max(seen.room.update_ms, seen.own->update_ms));
  SetView(view, seen.own->roster, lists, room);
  return room;
}

// The own Member, where it belongs, among at most 200 admins.
Lists WithOwn(Lists lists, const MemberRow& own) {
  if (!own.admin) {
    lists.members = {own};
    return lists;
  }
  lists.members.clear();
  const bool there = std::any_of(lists.admins.begin(), lists.admins.end(),
                                 [&](const MemberRow& row) { return row.roster == own.roster; });
  if (there) return lists;
  if (static_cast<int64_t>(lists.admins.size()) == kPageOfAdmins) lists.admins.pop_back();
  lists.admins.push_back(own);
  return lists;
}

std::vector<RosterId> RostersOf(const Lists& lists) {
  std::vector<RosterId> rosters;
  for (const MemberRow& row : lists.members) rosters.push_back(row.roster);
  for (const MemberRow& row : lists.admins) rosters.push_back(row.roster);
  return rosters;
}

MemberId After(const google::protobuf::RepeatedPtrField<v1::Member>& entries) {
  return entries.empty() ? MemberId() : MemberId{entries[0].id()};
}

bool NamesPlace(const google::protobuf::RepeatedPtrField<v1::Member>& entries) {
  return !entries.empty() && entries[0].has_id();
}

}  // namespace

absl::StatusOr<v1::Room> RoomReader::Shown(const rpc::Call& call, const SeenRoom& seen,
                                           v1::Room::Status status, const Lists& lists) {
  Known known;
  CHAT_RETURN_IF_ERROR(people_.Ask(call, seen.own->roster, RostersOf(lists), {}, &known));
  CHAT_ASSIGN_OR_RETURN(std::vector<v1::FeedView> views,
                        feeds_.Views(call, seen.own->roster, {seen.room.id}));
  return Record(seen, status, lists, known, views[0]);
}

absl::StatusOr<v1::Room> RoomReader::Full(const rpc::Call& call, const SeenRoom& seen,
                                          v1::Room::Status status) {
  const bool large = seen.room.members > limits_.full_list;
  CHAT_ASSIGN_OR_RETURN(
      Lists lists, store_.Members(call.deadline, seen.room.id, {{}, large ? 0 : limits_.full_list},
                                  {{}, large ? kPageOfAdmins : limits_.full_list}));
  if (large) lists = WithOwn(std::move(lists), *seen.own);
  return Shown(call, seen, status, lists);
}

absl::StatusOr<v1::Room> RoomReader::NextMembers(const rpc::Call& call, const SeenRoom& seen,
                                                 const v1::Room& request) {
  if (!NamesPlace(request.members()) && !NamesPlace(request.admins())) {
    return Full(call, seen, request.status());
  }
  Page members{After(request.members()), NamesPlace(request.members()) ? kPageOfMembers : 0};
  CHAT_ASSIGN_OR_RETURN(const Lists lists,
                        store_.Members(call.deadline, seen.room.id, members,
                                       {After(request.admins()), kPageOfAdmins}));
  return Shown(call, seen, request.status(), lists);
}

absl::StatusOr<std::vector<v1::FeedView>> RoomReader::Views(const rpc::Call& call,
                                                            const std::vector<RosterId>& rosters,
                                                            const std::vector<SeenRoom>& seen) {
  std::vector<v1::FeedView> views(seen.size());
  for (const RosterId roster : rosters) {
    std::vector<RoomId> rooms;
    std::vector<size_t> places;
    for (size_t i = 0; i < seen.size(); ++i) {
      if (seen[i].own->roster != roster) continue;
      rooms.push_back(seen[i].room.id);
      places.push_back(i);
    }
    CHAT_ASSIGN_OR_RETURN(std::vector<v1::FeedView> found, feeds_.Views(call, roster, rooms));
    for (size_t i = 0; i < places.size(); ++i) views[places[i]] = std::move(found[i]);
  }
  return views;
}

absl::StatusOr<v1::RoomsReply> RoomReader::Rooms(const rpc::Call& call,
                                                 const std::vector<RosterId>& rosters) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<SeenRoom> seen, store_.RoomsOf(call.deadline, rosters));
  std::vector<RoomId> whole, large;
  std::set<RoomId> listed;
  int64_t members = 0;
  for (const SeenRoom& room : seen) {
    const bool is_large = room.room.members > limits_.full_list;
    members += is_large ? std::min(room.room.admins, kPageOfAdmins) : room.room.members;
    if (members > kMembersPerReply) break;
    (is_large ? large : whole).push_back(room.room.id);
    if (!is_large) listed.insert(room.room.id);
  }
  CHAT_ASSIGN_OR_RETURN(const std::vector<MemberRow> rows,
                        store_.MembersOf(call.deadline, whole, large, kPageOfAdmins));
  std::unordered_map<RoomId, Lists> lists;
  Known known;
  std::set<RosterId> asked;
  for (const MemberRow& row : rows) {
    (row.admin ? lists[row.room].admins : lists[row.room].members).push_back(row);
    asked.insert(row.roster);
  }
  for (const SeenRoom& room : seen) asked.insert(room.own->roster);
  CHAT_RETURN_IF_ERROR(
      people_.Ask(call, {}, std::vector<RosterId>(asked.begin(), asked.end()), {}, &known));
  CHAT_ASSIGN_OR_RETURN(std::vector<v1::FeedView> views, Views(call, rosters, seen));
  v1::RoomsReply reply;
  std::map<RosterId, int> places;
  for (const RosterId roster : rosters) {
    places[roster] = reply.rosters_size();
    reply.add_rosters()->set_roster_id(roster.value);
  }
  size_t bytes = 0;
  for (size_t i = 0; i < seen.size(); ++i) {
    Lists shown = lists[seen[i].room.id];
    if (!listed.contains(seen[i].room.id)) shown = WithOwn(std::move(shown), *seen[i].own);
    v1::Room& room = *reply.mutable_rosters(places[seen[i].own->roster])->add_rooms();
    room = Record(seen[i], v1::Room::STATUS_UNSET, shown, known, views[i]);
    if (bytes > kBytesPerReply) Bound(0, &room);
    bytes += room.ByteSizeLong();
  }
  return reply;
}

}  // namespace chat::room
