#include "services/room/room_internal.h"

#include <algorithm>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "services/room/room_records.h"

namespace chat::room {
namespace {

std::vector<RosterId> ToRosters(const google::protobuf::RepeatedField<int64_t>& ids) {
  std::vector<RosterId> rosters;
  for (const int64_t id : ids) {
    const RosterId roster{id};
    if (std::find(rosters.begin(), rosters.end(), roster) == rosters.end()) {
      rosters.push_back(roster);
    }
  }
  return rosters;
}

v1::Room FoundRoom(const RoomRow& row) {
  v1::Room room = RoomHeader(row, v1::Room::STATUS_UNSET);
  room.clear_settings();
  room.clear_tos();
  room.clear_tos_update();
  return room;
}

}  // namespace

grpc::Status RoomInternal::Rooms(grpc::ServerContext* context, const v1::RoomsRequest* request,
                                 v1::RoomsReply* reply) {
  return rpc::Serve(context, "RoomInternal/Rooms", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(*reply, reader_.Rooms(call, ToRosters(request->roster_ids())));
    return absl::OkStatus();
  });
}

grpc::Status RoomInternal::CoMembers(grpc::ServerContext* context,
                                     const v1::CoMembersRequest* request,
                                     v1::CoMembersReply* reply) {
  return rpc::Serve(context, "RoomInternal/CoMembers", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        const std::vector<RosterId> others,
        store_.CoMembers(call.deadline, {request->roster_id()}, limits_.full_list));
    for (const RosterId roster : others) reply->add_roster_ids(roster.value);
    return absl::OkStatus();
  });
}

grpc::Status RoomInternal::RemoveRosters(grpc::ServerContext* context,
                                         const v1::RemoveRostersRequest* request,
                                         v1::RemoveRostersReply*) {
  return rpc::Serve(context, "RoomInternal/RemoveRosters", [&](const rpc::Call& call) {
    return changer_.Remove(call, ToRosters(request->roster_ids()));
  });
}

grpc::Status RoomInternal::Find(grpc::ServerContext* context, const v1::FindRoomsRequest* request,
                                v1::RoomsReply* reply) {
  return rpc::Serve(context, "RoomInternal/Find", [&](const rpc::Call& call) -> absl::Status {
    RoomStore::Wanted wanted;
    wanted.roster = {request->roster_id()};
    wanted.ids.assign(request->ids().begin(), request->ids().end());
    wanted.name = request->prefix();
    wanted.exact = request->exact();
    CHAT_ASSIGN_OR_RETURN(const std::vector<RoomRow> found, store_.Find(call.deadline, wanted));
    v1::RosterRooms& rooms = *reply->add_rosters();
    rooms.set_roster_id(request->roster_id());
    for (const RoomRow& row : found) *rooms.add_rooms() = FoundRoom(row);
    return absl::OkStatus();
  });
}

}  // namespace chat::room
