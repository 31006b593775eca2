// What other services ask of rooms.
#pragma once

#include "chat/v1/room.grpc.pb.h"
#include "services/room/changer.h"
#include "services/room/room_reader.h"
#include "services/room/room_store.h"

namespace chat::room {

// Thread safe. What it is made of must outlive it.
class RoomInternal final : public v1::RoomInternal::Service {
 public:
  RoomInternal(RoomStore& store, RoomReader& reader, Changer& changer, const Limits& limits)
      : store_(store), reader_(reader), changer_(changer), limits_(limits) {}

  grpc::Status Rooms(grpc::ServerContext*, const v1::RoomsRequest*, v1::RoomsReply*) override;
  grpc::Status CoMembers(grpc::ServerContext*, const v1::CoMembersRequest*,
                         v1::CoMembersReply*) override;
  grpc::Status RemoveRosters(grpc::ServerContext*, const v1::RemoveRostersRequest*,
                             v1::RemoveRostersReply*) override;
  // What a stranger may see: id, name, description, data, type, times. No people.
  grpc::Status Find(grpc::ServerContext*, const v1::FindRoomsRequest*, v1::RoomsReply*) override;

 private:
  RoomStore& store_;
  RoomReader& reader_;
  Changer& changer_;
  const Limits limits_;
};

}  // namespace chat::room
