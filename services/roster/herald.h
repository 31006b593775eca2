// Presence notifications (PROTOCOL 5.9): tells the public Contact of rosters to friends on
// `ac/<phone id>` and to co-members on `muc/<phone id>`. What is noted waits 200 ms, so that
// several changes make one notification; what is told is the state at that moment, so the last one
// wins, and repeating is harmless. One account is told about by one thread at a time.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "services/roster/pg_audience.h"
#include "services/roster/presence.h"
#include "services/roster/rooms.h"
#include "services/roster/transient.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class Herald {
 public:
  // At most `max_waiting` accounts wait to be told about; more are dropped and counted.
  Herald(PgAudience& audience, Rooms& rooms, Presence& presence, Transient& transient,
         size_t max_waiting);
  ~Herald();  // what waits is dropped

  enum class Reach : uint8_t { kFriends, kFriendsAndCoMembers };
  // A roster is shown otherwise than before.
  void Changed(AccountId account, RosterId roster, Reach reach);
  // All rosters of the account, to everybody: it came, it went, or asked for it.
  void Changed(AccountId account);
  // False: a burst has filled the queue, do not bring more than must be.
  bool has_room() const;

  // A roster goes: Contact `remove` to everybody who sees it. Returns when Redis has taken it, or
  // after a second. Errors are those of asking who sees it; nothing is told then.
  absl::Status Removing(const rpc::Call& call, const RosterRow& roster);

 private:
  // What is to be told of one account.
  struct Pending {
    bool all = false;
    std::map<RosterId, Reach> rosters;
    int64_t due_ms = 0;  // monotonic
    int attempts = 0;
  };
  using Batch = std::map<AccountId, Pending>;
  // A roster and where it is told.
  struct Told {
    RosterRow roster;
    Reach reach = Reach::kFriends;
  };

  void Note(AccountId account, const Pending& pending);
  void Work();
  Batch TakeDue(int64_t now_ms, int64_t* next_ms);
  absl::Status Tell(const Batch& batch);
  absl::StatusOr<std::vector<Told>> Rosters(const rpc::Call& call, const Batch& batch);
  // The public Contacts as events with their receivers.
  absl::StatusOr<std::vector<Transient::Addressed>> Addressed(const rpc::Call& call,
                                                              const std::vector<Told>& rosters);
  absl::StatusOr<std::vector<AccountId>> CoMembers(const rpc::Call& call, RosterId roster);

  PgAudience& audience_;
  Rooms& rooms_;
  Presence& presence_;
  Transient& transient_;
  const size_t max_waiting_;
  prometheus::Counter& told_;
  prometheus::Counter& dropped_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  Batch waiting_;
  std::set<AccountId> busy_;
  std::vector<std::thread> threads_;
};

}  // namespace chat::roster
