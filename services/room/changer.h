// Changes of rooms from the request to the reply: who asks -> who is named (roster) -> the locked
// room, the rules, the outbox (one transaction) -> messaging has applied it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "libs/rpc/call.h"
#include "services/room/people.h"
#include "services/room/room_config.h"
#include "services/room/room_rules.h"
#include "services/room/room_store.h"

namespace chat::room {

// Thread safe. What it is made of must outlive it.
class Changer {
 public:
  Changer(RoomStore& store, People& people, const Limits& limits)
      : store_(store), people_(people), limits_(limits) {}

  // Room/create. The id of the room: the one that a repeated PUBLISH made (O3), if this is one.
  absl::StatusOr<std::string> Create(const rpc::Call& call, const v1::Room& request);
  // Every other Room RPC that changes something; `request.status` is the verb.
  absl::Status Change(const rpc::Call& call, const v1::Room& request);
  absl::Status PatchMember(const rpc::Call& call, const v1::Member& request);
  // These rosters leave every room for ever.
  absl::Status Remove(const rpc::Call& call, const std::vector<RosterId>& rosters);

 private:
  // Runs `attempt`, which may note in `known` whom it must show and does not know, until it does.
  using Attempt = std::function<absl::StatusOr<RoomId>(Known&)>;
  absl::Status Commit(const rpc::Call& call, RosterId viewer, Known known, const Attempt& attempt);
  // The request's people as `asked.by` sees them, and those whom `room` shows when somebody joins.
  absl::StatusOr<Known> Meet(const rpc::Call& call, const v1::Room& request, const RoomRow* room,
                             Asked* asked);
  // Who changes the room: the account's member, or who would join by himself.
  absl::StatusOr<Identity> Acting(const rpc::Call& call, const SeenRoom& seen,
                                  const v1::Room& request);
  // A PUBLISH that was executed before: what it changed.
  absl::StatusOr<std::optional<SeenRoom>> Repeated(const rpc::Call& call);
  absl::Status RemoveFrom(const rpc::Call& call, const SeenRoom& seen,
                          const std::vector<RosterId>& rosters);

  RoomStore& store_;
  People& people_;
  const Limits limits_;
};

}  // namespace chat::room
