#include "services/roster/rooms.h"

#include <chrono>
#include <utility>

#include "libs/base/status.h"

namespace chat::roster {
namespace {

using Stub = v1::RoomInternal::Stub;

// Every room is left in a transaction of its own.
constexpr std::chrono::seconds kLeaveLimit{30};

std::vector<v1::Room> RoomsOf(v1::RoomsReply* reply) {
  std::vector<v1::Room> rooms;
  for (v1::RosterRooms& of : *reply->mutable_rosters()) {
    for (v1::Room& room : *of.mutable_rooms()) rooms.push_back(std::move(room));
  }
  return rooms;
}

}  // namespace

absl::StatusOr<std::vector<v1::Room>> Rooms::Of(const rpc::Call& call, RosterId roster) {
  v1::RoomsRequest request;
  request.add_roster_ids(roster.value);
  v1::RoomsReply reply;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, *stub_, &Stub::Rooms, request, &reply));
  return RoomsOf(&reply);
}

absl::StatusOr<std::vector<RosterId>> Rooms::CoMembers(const rpc::Call& call, RosterId roster) {
  v1::CoMembersRequest request;
  request.set_roster_id(roster.value);
  v1::CoMembersReply reply;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, *stub_, &Stub::CoMembers, request, &reply));
  std::vector<RosterId> members;
  for (int64_t id : reply.roster_ids()) members.push_back({id});
  return members;
}

absl::Status Rooms::Leave(const rpc::Call& call, const std::vector<RosterId>& rosters) {
  v1::RemoveRostersRequest request;
  for (RosterId roster : rosters) request.add_roster_ids(roster.value);
  v1::RemoveRostersReply reply;
  return rpc::Invoke(call, *stub_, &Stub::RemoveRosters, request, &reply, kLeaveLimit);
}

absl::StatusOr<std::vector<v1::Room>> Rooms::Find(const rpc::Call& call,
                                                  const v1::FindRoomsRequest& request) {
  v1::RoomsReply reply;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, *stub_, &Stub::Find, request, &reply));
  return RoomsOf(&reply);
}

}  // namespace chat::roster
