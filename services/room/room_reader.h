// Rooms as their members see them: with unread count, last message and presence of the moment.
#pragma once

#include <vector>

#include "chat/v1/room.pb.h"
#include "libs/rpc/call.h"
#include "services/room/feeds.h"
#include "services/room/people.h"
#include "services/room/room_config.h"
#include "services/room/room_store.h"

namespace chat::room {

// Thread safe. What it is made of must outlive it.
class RoomReader {
 public:
  RoomReader(RoomStore& store, People& people, Feeds& feeds, const Limits& limits)
      : store_(store), people_(people), feeds_(feeds), limits_(limits) {}

  // The room for `seen.own`, who must be there: of a large room only the own Member and 200 admins
  // (O21).
  absl::StatusOr<v1::Room> Full(const rpc::Call& call, const SeenRoom& seen,
                                v1::Room::Status status);

  // Room/get with `members=[#'Member'{id=After}]`: the next 500 ordinary members and the admins as
  // ever; with `admins` the same, the next 200 admins.
  absl::StatusOr<v1::Room> NextMembers(const rpc::Call& call, const SeenRoom& seen,
                                       const v1::Room& request);

  // The rooms of each roster, in order of the request; status unset. Past some thousand members in
  // one answer the rooms that follow are shown as large ones are, past 8 MiB they are Bound().
  absl::StatusOr<v1::RoomsReply> Rooms(const rpc::Call& call, const std::vector<RosterId>& rosters);

 private:
  absl::StatusOr<v1::Room> Shown(const rpc::Call& call, const SeenRoom& seen,
                                 v1::Room::Status status, const Lists& lists);
  absl::StatusOr<std::vector<v1::FeedView>> Views(const rpc::Call& call,
                                                  const std::vector<RosterId>& rosters,
                                                  const std::vector<SeenRoom>& seen);

  RoomStore& store_;
  People& people_;
  Feeds& feeds_;
  const Limits limits_;
};

}  // namespace chat::room
