// Rooms: what the domain asks of storage. Every verb is one transaction. Thread safe. Errors are
// those of pg::Pool and the ones named here. Times are PostgreSQL's clock, Unix milliseconds (O18).
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "chat/v1/messaging.pb.h"
#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::room {

using pg::Deadline;
using RoomId = Id<struct RoomTag>;      // inside; history hangs on it
using MemberId = Id<struct MemberTag>;  // Member.id

struct RoomRow {
  RoomId id;
  std::string name_id;  // what clients say
  bool channel = false;
  std::string name;
  v1::Room content;  // description, settings, data, tos, tos_update
  int64_t created_ms = 0, update_ms = 0;
  int64_t version = 0;  // of the last change that messaging was told of
  int64_t members = 0;  // the admins too
  int64_t admins = 0;
};

struct MemberRow {
  MemberId id, prev, next;  // by id within the room; 0 at its ends
  RoomId room;
  RosterId roster;
  AccountId account;
  bool admin = false;
  bool silent = false;  // may not write
  bool muted = false;   // the member's own MUTE
  v1::Member own;       // avatar, names, surnames, alias, email, vox_id, settings as written here
  int64_t update_ms = 0;
};

struct Identity {
  RosterId roster;
  AccountId account;
};

struct Joining {
  Identity who;
  bool admin = false;
};

// What becomes of a locked room.
struct RoomWrite {
  std::vector<Joining> joined;
  std::vector<RosterId> promoted, demoted, gone, silenced, voiced, unbanned;
  std::vector<Identity> banned;
  std::optional<bool> muted;         // of the acting member
  std::optional<v1::Member> own;     // of the acting member, whole
  std::optional<RoomRow> rewritten;  // name, channel, content
  bool deleted = false;
  // The room itself is as it was: its `update` stays.
  bool private_to_actor() const { return muted.has_value(); }
};

// A room under its lock.
struct LockedRoom {
  RoomRow room;
  std::optional<MemberRow> actor;  // who asks, if in the room
  std::vector<MemberRow> named;    // of the named rosters, who are in the room, by Member.id
  std::set<RosterId> barred;       // of the named, who are banned here
  std::set<RosterId> full;         // of the named, who are in as many rooms as they may
  bool account_barred = false;     // a roster of who asks is banned here
  int64_t bans = 0;
  std::optional<MemberRow> eldest;  // the oldest member not named; read if the server asks
  int64_t now_ms = 0;
};

// The room after the write, in the same transaction.
struct ChangedRoom {
  RoomRow room;
  std::vector<MemberRow> touched;   // joined, or with another role or voice; the actor's own change
  std::vector<MemberRow> shown;     // where somebody joined: all of a small room, else its admins
  std::vector<AccountId> accounts;  // of a deleted room: whose it was
};

// What messaging is told of it.
struct News {
  std::vector<v1::Change> changes;
  std::vector<v1::Change> later;  // in order after `changes`, but nobody waits for them
  int64_t version = 0;            // of the last RoomChange in it
};

struct ChangeRequest {
  std::string name_id;
  AccountId account;  // who asks; none: the server itself, without an actor
  MemberId member;    // that membership of the account; none: its oldest roster's
  std::vector<RosterId> named;
  std::string packet;  // rpc::PacketKey(), may be empty
  int64_t epoch = 0;
};

struct NewRoom {
  RoomRow room;  // name_id, channel, name, content
  std::vector<Joining> joined;
  AccountId account;
  std::string packet;
  int64_t epoch = 0;
};

// Who is shown of a room.
struct Lists {
  std::vector<MemberRow> members, admins;  // by Member.id
};

struct Page {
  MemberId after;
  int64_t limit = 0;  // 0: none of them
};

// A room as one account sees it.
struct SeenRoom {
  RoomRow room;
  std::optional<MemberRow> own;  // of its oldest roster in the room
};

class RoomStore {
 public:
  virtual ~RoomStore() = default;

  // nullopt: no such room, or deleted. Any bytes may be asked for.
  virtual absl::StatusOr<std::optional<SeenRoom>> Look(Deadline deadline,
                                                       const std::string& name_id,
                                                       AccountId account) = 0;
  // The next members that are no admins, and the next admins.
  virtual absl::StatusOr<Lists> Members(Deadline deadline, RoomId room, Page members,
                                        Page admins) = 0;
  // Memberships of the account with their rooms: of `member` if given, of the room `name_id` if
  // given; oldest roster first, two at most.
  virtual absl::StatusOr<std::vector<SeenRoom>> Own(Deadline deadline, AccountId account,
                                                    MemberId member,
                                                    const std::string& name_id) = 0;
  // Every room of these rosters with the roster's own membership, by room.
  virtual absl::StatusOr<std::vector<SeenRoom>> RoomsOf(Deadline deadline,
                                                        const std::vector<RosterId>& rosters) = 0;
  // All members of the rooms `whole`, of the others the first `admins` admins, by Member.id.
  virtual absl::StatusOr<std::vector<MemberRow>> MembersOf(Deadline deadline,
                                                           const std::vector<RoomId>& whole,
                                                           const std::vector<RoomId>& others,
                                                           int64_t admins) = 0;
  // Who shares a room of at most `largest` members with the roster.
  virtual absl::StatusOr<std::vector<RosterId>> CoMembers(Deadline deadline, RosterId roster,
                                                          int64_t largest) = 0;
  // Rooms by id, and channels by name; none that has banned the roster. At most `limit`.
  struct Wanted {
    RosterId roster;
    std::vector<std::string> ids;
    std::string name;    // empty: not asked for
    bool exact = false;  // the whole name, else its beginning
    int64_t limit = 100;
  };
  virtual absl::StatusOr<std::vector<RoomRow>> Find(Deadline deadline, const Wanted& wanted) = 0;

  // The room that this PUBLISH changed when it came first; nullopt: it is not known.
  virtual absl::StatusOr<std::optional<SeenRoom>> Repeated(Deadline deadline, AccountId account,
                                                           const std::string& packet,
                                                           int64_t epoch) = 0;

  using Decide = std::function<absl::StatusOr<RoomWrite>(const LockedRoom&)>;
  using Tell =
      std::function<absl::StatusOr<News>(const LockedRoom&, const RoomWrite&, const ChangedRoom&)>;
  // Locks the room, asks `decide`, stores what it says, asks `tell` what messaging hears of it;
  // both may run more than once, must not wait, and roll everything back with their error.
  // kNotFound: no such room.
  virtual absl::StatusOr<RoomId> Change(Deadline deadline, const ChangeRequest& request,
                                        const Decide& decide, const Tell& tell) = 0;
  // As Change, for a room that is not there. kAlreadyExists: the id was used before;
  // kResourceExhausted: one of those who join is in as many rooms as allowed.
  virtual absl::StatusOr<RoomId> Create(Deadline deadline, const NewRoom& room,
                                        const Tell& tell) = 0;
  // Waits until messaging has applied what was written for the room.
  virtual absl::Status Deliver(Deadline deadline, RoomId room) = 0;
};

}  // namespace chat::room
