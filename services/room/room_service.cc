#include "services/room/room_service.h"

#include <optional>
#include <utility>

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"

namespace chat::room {

absl::StatusOr<SeenRoom> RoomService::Seen(const rpc::Call& call, const std::string& name_id) {
  CHAT_ASSIGN_OR_RETURN(std::optional<SeenRoom> seen,
                        store_.Look(call.deadline, name_id, {call.caller.account_id()}));
  if (!seen) return rpc::Refuse(v1::NOT_FOUND, "Room.id: names no room");
  CHAT_RETURN_IF_ERROR(MayAsk(v1::Room::GET, false, seen->own ? &*seen->own : nullptr));
  return *std::move(seen);
}

grpc::Status RoomService::Create(grpc::ServerContext* context, const v1::Room* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "RoomService/Create", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const std::string name_id, changer_.Create(call, *request));
    CHAT_ASSIGN_OR_RETURN(const SeenRoom seen, Seen(call, name_id));
    CHAT_ASSIGN_OR_RETURN(*reply->add_records()->mutable_room(),
                          reader_.Full(call, seen, v1::Room::CREATE));
    return absl::OkStatus();
  });
}

grpc::Status RoomService::Get(grpc::ServerContext* context, const v1::Room* request,
                              v1::Reply* reply) {
  return rpc::Serve(context, "RoomService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const SeenRoom seen, Seen(call, request->id()));
    CHAT_ASSIGN_OR_RETURN(*reply->add_records()->mutable_room(),
                          reader_.NextMembers(call, seen, *request));
    return absl::OkStatus();
  });
}

grpc::Status RoomService::Change(grpc::ServerContext* context, const char* method,
                                 v1::Room::Status verb, const v1::Room& request) {
  return rpc::Serve(context, method, [&](const rpc::Call& call) {
    v1::Room asked = request;
    asked.set_status(verb);
    return changer_.Change(call, asked);
  });
}

grpc::Status RoomService::Patch(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Patch", v1::Room::PATCH, *request);
}
grpc::Status RoomService::Add(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Add", v1::Room::ADD, *request);
}
grpc::Status RoomService::Join(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Join", v1::Room::JOIN, *request);
}
grpc::Status RoomService::Remove(grpc::ServerContext* context, const v1::Room* request,
                                 v1::Reply*) {
  return Change(context, "RoomService/Remove", v1::Room::REMOVE, *request);
}
grpc::Status RoomService::Leave(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Leave", v1::Room::LEAVE, *request);
}
grpc::Status RoomService::Ban(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Ban", v1::Room::BAN, *request);
}
grpc::Status RoomService::Unban(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Unban", v1::Room::UNBAN, *request);
}
grpc::Status RoomService::Mute(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return Change(context, "RoomService/Mute", v1::Room::MUTE, *request);
}
grpc::Status RoomService::Unmute(grpc::ServerContext* context, const v1::Room* request,
                                 v1::Reply*) {
  return Change(context, "RoomService/Unmute", v1::Room::UNMUTE, *request);
}
grpc::Status RoomService::Delete(grpc::ServerContext* context, const v1::Room* request,
                                 v1::Reply*) {
  return Change(context, "RoomService/Delete", v1::Room::DELETE, *request);
}

grpc::Status MemberService::Patch(grpc::ServerContext* context, const v1::Member* request,
                                  v1::Reply*) {
  return rpc::Serve(context, "MemberService/Patch",
                    [&](const rpc::Call& call) { return changer_.PatchMember(call, *request); });
}

}  // namespace chat::room
