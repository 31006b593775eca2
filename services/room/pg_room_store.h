// RoomStore on PostgreSQL, schema room. Reads are in pg_room_store.cc, changes in
// pg_room_change.cc: the only SQL of the service. Every statement is about sets, whatever their
// size.
#pragma once

#include "libs/pg/outbox.h"
#include "services/room/room_config.h"
#include "services/room/room_store.h"

namespace chat::room {

class PgRoomStore : public RoomStore {
 public:
  // Pool and outbox (of the schema `room`) outlive it.
  PgRoomStore(pg::Pool& pool, pg::Outbox& outbox, const Limits& limits)
      : pool_(pool), outbox_(outbox), limits_(limits) {}

  absl::StatusOr<std::optional<SeenRoom>> Look(Deadline deadline, const std::string& name_id,
                                               AccountId account) override;
  absl::StatusOr<Lists> Members(Deadline deadline, RoomId room, Page members, Page admins) override;
  absl::StatusOr<std::vector<SeenRoom>> Own(Deadline deadline, AccountId account, MemberId member,
                                            const std::string& name_id) override;
  absl::StatusOr<std::vector<SeenRoom>> RoomsOf(Deadline deadline,
                                                const std::vector<RosterId>& rosters) override;
  absl::StatusOr<std::vector<MemberRow>> MembersOf(Deadline deadline,
                                                   const std::vector<RoomId>& whole,
                                                   const std::vector<RoomId>& others,
                                                   int64_t admins) override;
  absl::StatusOr<std::vector<RosterId>> CoMembers(Deadline deadline, RosterId roster,
                                                  int64_t largest) override;
  absl::StatusOr<std::vector<RoomRow>> Find(Deadline deadline, const Wanted& wanted) override;
  absl::StatusOr<std::optional<SeenRoom>> Repeated(Deadline deadline, AccountId account,
                                                   const std::string& packet,
                                                   int64_t epoch) override;
  absl::StatusOr<RoomId> Change(Deadline deadline, const ChangeRequest& request,
                                const Decide& decide, const Tell& tell) override;
  absl::StatusOr<RoomId> Create(Deadline deadline, const NewRoom& room, const Tell& tell) override;
  absl::Status Deliver(Deadline deadline, RoomId room) override;

 private:
  absl::StatusOr<LockedRoom> Lock(pg::Tx& tx, const ChangeRequest& request);
  absl::Status Finish(pg::Tx& tx, const LockedRoom& before, const RoomWrite& write,
                      ChangedRoom& after, const Tell& tell);

  pg::Pool& pool_;
  pg::Outbox& outbox_;
  const Limits limits_;
};

}  // namespace chat::room
