#include "services/room/room_service.h"

#include "libs/base/status.h"
#include "libs/rpc/call.h"
#include "libs/rpc/refusal.h"

namespace chat::room {

grpc::Status RoomService::Get(grpc::ServerContext* context, const v1::Room* request, v1::Reply*) {
  return rpc::Serve(context, "RoomService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(bool exists, store_.Exists(call.deadline, request->id()));
    if (!exists) return rpc::Refuse(v1::NOT_FOUND, "Room.id: names no room");
    return rpc::Refuse(v1::PERMISSION_DENIED, "Room.id: the caller is not in the room");
  });
}

}  // namespace chat::room
