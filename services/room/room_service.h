// The gRPC face of Room/* (PROTOCOL 5.7).
#pragma once

#include "chat/v1/room.grpc.pb.h"
#include "services/room/room_store.h"

namespace chat::room {

class RoomService final : public v1::RoomService::Service {
 public:
  explicit RoomService(RoomStore& store) : store_(store) {}  // outlives the service

  grpc::Status Get(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;

 private:
  RoomStore& store_;
};

}  // namespace chat::room
