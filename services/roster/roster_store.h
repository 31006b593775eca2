// What roster keeps, as verbs of the domain. One implementation holds its SQL (pg_roster_store.h).
// Thread safe; calls block until the deadline at most. Errors are those of pg::Pool::Run and the
// ones named here. `now` and all `update_ms` are PostgreSQL's clock, Unix milliseconds (O18).
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "chat/v1/messaging.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"
#include "services/roster/friendship.h"

namespace chat::roster {

using pg::Deadline;

struct RosterRow {
  RosterId id;
  AccountId account;
  std::string phone;
  std::optional<std::string> names = {}, surnames = {}, email = {}, nick = {}, avatar = {};
  int64_t update_ms = 0;

  PhoneId phone_id() const { return {phone, id}; }
};

// One entry of a roster: the other roster and this side's view of it.
struct ContactRow {
  RosterRow peer;
  Side side;
  int64_t update_ms = 0;  // of the entry itself
};

// A write by the rules of PROTOCOL 4.3: unset leaves, empty clears.
struct RosterPatch {
  std::optional<std::string> names, surnames, email, avatar, nick;
  std::string nick_folded;  // of a non-empty nick
};

// A pair under its lock.
struct LockedPair {
  RosterRow party, counterparty;
  int64_t party_update_ms = 0, counterparty_update_ms = 0;  // of the entries, 0 without one
  Pair stored;
  int64_t version = 0;      // of the last change
  std::string last_packet;  // what made it, if known
  Answer last_answer = Answer::kNothing;
  int64_t now_ms = 0;
};

// What becomes of a locked pair.
struct PairWrite {
  bool write = false;  // false: nothing is stored, the rest is not read
  Pair after;
  std::string packet;  // the PUBLISH that asked for it, may be empty
  Answer answer = Answer::kNothing;
  std::vector<v1::Change> changes;  // for messaging, in order
};

class RosterStore {
 public:
  virtual ~RosterStore() = default;

  // All rosters of the account, oldest first; a first one is made, and messaging told of it, when
  // there is none.
  virtual absl::StatusOr<std::vector<RosterRow>> Ensure(Deadline deadline, AccountId account,
                                                        const std::string& phone) = 0;
  // Oldest first.
  virtual absl::StatusOr<std::vector<RosterRow>> RostersOf(Deadline deadline,
                                                           AccountId account) = 0;
  // An account may have no roster left, and be there.
  virtual absl::StatusOr<bool> HasAccount(Deadline deadline, AccountId account) = 0;
  // nullopt when there is none.
  virtual absl::StatusOr<std::optional<RosterRow>> Find(Deadline deadline, RosterId roster) = 0;
  virtual absl::StatusOr<std::vector<ContactRow>> ContactsOf(Deadline deadline,
                                                             RosterId roster) = 0;

  // Writes, and tells messaging what `notices` makes of the roster as it is then. kNotFound: no
  // such roster of this account; kAlreadyExists: another roster has the nick.
  using Notices = std::function<std::vector<v1::Change>(const RosterRow&)>;
  virtual absl::Status Write(Deadline deadline, AccountId account, RosterId roster,
                             const RosterPatch& patch, const Notices& notices) = 0;

  // A further roster of the account.
  struct NewRoster {
    AccountId account;
    RosterPatch patch;
    std::string packet;    // the PUBLISH that asked for it, may be empty
    bool repeats = false;  // it may have been served before
    int64_t limit = 0;     // rosters that the account may have
  };
  // Makes it and tells messaging what `notices` makes of it. If it `repeats`, the roster that its
  // packet has made. kNotFound: no such account; kResourceExhausted: it has as many as it may.
  virtual absl::StatusOr<RosterRow> Create(Deadline deadline, const NewRoster& roster,
                                           const Notices& notices) = 0;

  // Gives those of `peers` that have no entry one in the phone book (`internal`), and returns them.
  // kResourceExhausted: the roster would be full.
  virtual absl::StatusOr<std::vector<RosterId>> List(Deadline deadline, RosterId roster,
                                                     const std::vector<RosterId>& peers) = 0;

  // Counts a Friend/request of the account today (UTC). False: it is over `limit` (0: no limit).
  virtual absl::StatusOr<bool> CountRequest(Deadline deadline, AccountId account,
                                            int64_t limit) = 0;

  // Locks the pair, asks `decide`, which may run more than once and must not wait, and stores what
  // it says under the next version. kNotFound: one of the rosters is gone; kResourceExhausted: a
  // new request would take a roster over its number of contacts.
  using DecidePair = std::function<PairWrite(const LockedPair&)>;
  virtual absl::Status ChangePair(Deadline deadline, RosterId party, RosterId counterparty,
                                  const DecidePair& decide) = 0;

  // Waits until messaging has applied all that was written for the pair, or for the account.
  virtual absl::Status DeliverPair(Deadline deadline, RosterId a, RosterId b) = 0;
  virtual absl::Status DeliverAccount(Deadline deadline, AccountId account) = 0;
};

}  // namespace chat::roster
