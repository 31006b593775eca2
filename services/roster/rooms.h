// chat-room as roster needs it.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <vector>

#include "chat/v1/room.grpc.pb.h"
#include "libs/base/ids.h"
#include "libs/rpc/call.h"

namespace chat::roster {

// Thread safe. Errors are those of the call: kUnavailable when no replica answers.
class Rooms {
 public:
  explicit Rooms(const std::shared_ptr<grpc::Channel>& room)
      : stub_(v1::RoomInternal::NewStub(room)) {}

  // The rooms of a roster as its owner sees them.
  absl::StatusOr<std::vector<v1::Room>> Of(const rpc::Call& call, RosterId roster);
  // Who shares a room that carries presence with the roster (PROTOCOL O21).
  absl::StatusOr<std::vector<RosterId>> CoMembers(const rpc::Call& call, RosterId roster);
  // The rosters leave all their rooms.
  absl::Status Leave(const rpc::Call& call, const std::vector<RosterId>& rosters);
  // Rooms for Search/room.
  absl::StatusOr<std::vector<v1::Room>> Find(const rpc::Call& call,
                                             const v1::FindRoomsRequest& request);

 private:
  std::unique_ptr<v1::RoomInternal::Stub> stub_;
};

}  // namespace chat::roster
