// The gRPC face of Room/* and Member/patch (PROTOCOL 5.7).
#pragma once

#include "chat/v1/room.grpc.pb.h"
#include "services/room/changer.h"
#include "services/room/room_reader.h"
#include "services/room/room_store.h"

namespace chat::room {

// Thread safe. What it is made of must outlive it.
class RoomService final : public v1::RoomService::Service {
 public:
  RoomService(RoomStore& store, RoomReader& reader, Changer& changer)
      : store_(store), reader_(reader), changer_(changer) {}

  grpc::Status Create(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Get(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Patch(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Add(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Join(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Remove(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Leave(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Ban(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Unban(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Mute(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Unmute(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;
  grpc::Status Delete(grpc::ServerContext*, const v1::Room*, v1::Reply*) override;

 private:
  // Every RPC that is answered by broadcasts only.
  grpc::Status Change(grpc::ServerContext* context, const char* method, v1::Room::Status verb,
                      const v1::Room& request);
  // The room as the caller sees it; refused when it is none of his.
  absl::StatusOr<SeenRoom> Seen(const rpc::Call& call, const std::string& name_id);

  RoomStore& store_;
  RoomReader& reader_;
  Changer& changer_;
};

class MemberService final : public v1::MemberService::Service {
 public:
  explicit MemberService(Changer& changer) : changer_(changer) {}  // outlives it

  grpc::Status Patch(grpc::ServerContext*, const v1::Member*, v1::Reply*) override;

 private:
  Changer& changer_;
};

}  // namespace chat::room
