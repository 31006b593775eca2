#include "services/room/changer.h"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/packet_key.h"
#include "libs/rpc/refusal.h"
#include "services/room/listing.h"
#include "services/room/room_news.h"

namespace chat::room {
namespace {

// People may join between the look at a room and its lock; each attempt knows those of the last.
constexpr int kAttempts = 4;
constexpr const char* kUnknownPeople = "somebody joined meanwhile";

// The news, or an error that rolls the change back to ask for people first.
absl::StatusOr<News> Complete(News news, bool missing) {
  if (missing) return absl::CancelledError(kUnknownPeople);
  return news;
}

// A limit's name becomes its metric and the refusal of PROTOCOL 4.6.
absl::Status Limited(const absl::Status& status) {
  const std::string key = Message(status);
  metrics::Counter("chat_room_limited_total", "Requests refused by a limit.", {{"limit", key}})
      .Increment();
  return rpc::Refuse(key == "room_bytes" ? v1::INVALID_DATA : v1::PERMISSION_DENIED,
                     "Room: over " + key);
}

absl::Status NotFound() { return rpc::Refuse(v1::NOT_FOUND, "Room.id: names no room"); }

// Whether everybody in the room may be shown to somebody by this verb.
bool ShowsAll(v1::Room::Status verb) { return verb == v1::Room::ADD || verb == v1::Room::JOIN; }

// The roster that the text of a phone id names, whether or not it still exists.
RosterId NamedRoster(const std::string& phone_id) {
  const std::optional<PhoneId> id = PhoneId::Parse(phone_id);
  return id ? id->roster : RosterId();
}

}  // namespace

absl::StatusOr<std::optional<SeenRoom>> Changer::Repeated(const rpc::Call& call) {
  const std::string packet = rpc::PacketKey(call.caller);
  if (packet.empty() || !call.caller.packet().dup()) return std::optional<SeenRoom>();
  return store_.Repeated(call.deadline, {call.caller.account_id()}, packet, call.caller.epoch());
}

absl::Status Changer::Commit(const rpc::Call& call, RosterId viewer, Known known,
                             const Attempt& attempt) {
  for (int i = 0; i < kAttempts; ++i) {
    const absl::StatusOr<RoomId> changed = attempt(known);
    if (changed.ok()) return store_.Deliver(call.deadline, *changed);
    const absl::Status& status = changed.status();
    if (absl::IsResourceExhausted(status)) return Limited(status);
    if (!absl::IsCancelled(status) || status.message() != kUnknownPeople) return status;
    CHAT_RETURN_IF_ERROR(people_.Ask(call, viewer, known.TakeMissing(), {}, &known));
  }
  return absl::UnavailableError("the room's members change too fast");
}

absl::StatusOr<Known> Changer::Meet(const rpc::Call& call, const v1::Room& request,
                                    const RoomRow* room, Asked* asked) {
  const std::vector<Listed> listed = ListedIn(request);
  std::vector<std::string> phone_ids;
  std::vector<RosterId> rosters{asked->by.roster};
  for (const Listed& entry : listed) {
    if (NamedRoster(entry.phone_id)) phone_ids.push_back(entry.phone_id);
  }
  if (room != nullptr && ShowsAll(request.status())) {
    const Page all{{}, room->members <= limits_.full_list ? limits_.full_list : 0};
    CHAT_ASSIGN_OR_RETURN(const Lists lists,
                          store_.Members(call.deadline, room->id, all, {{}, limits_.full_list}));
    for (const MemberRow& row : lists.members) rosters.push_back(row.roster);
    for (const MemberRow& row : lists.admins) rosters.push_back(row.roster);
  }
  Known known;
  CHAT_RETURN_IF_ERROR(people_.Ask(call, asked->by.roster, rosters, phone_ids, &known));
  for (const Listed& entry : listed) {
    Named& named = asked->named.emplace_back();
    named.phone_id = entry.phone_id;
    named.admin = entry.admin;
    named.who.roster = NamedRoster(entry.phone_id);
    const v1::RosterPerson* person = known.At(entry.phone_id);
    if (person == nullptr) continue;
    named.known = true;
    named.is_friend = person->friend_();
    named.who = {{person->roster_id()}, {person->account_id()}};
  }
  return known;
}

absl::StatusOr<std::string> Changer::Create(const rpc::Call& call, const v1::Room& request) {
  CHAT_ASSIGN_OR_RETURN(const std::optional<SeenRoom> before, Repeated(call));
  if (before) {
    CHAT_RETURN_IF_ERROR(store_.Deliver(call.deadline, before->room.id));
    return before->room.name_id;
  }
  if (call.caller.rosters().empty()) {
    return rpc::Refuse(v1::PERMISSION_DENIED, "Room: the caller's account has no roster");
  }
  Asked asked;
  asked.verb = v1::Room::CREATE;
  asked.by = {{call.caller.rosters(0).id()}, {call.caller.account_id()}};
  asked.written = request;
  // The request alone may be wrong: nobody needs to be asked for that.
  if (const auto alone = DecideCreate(asked, limits_); !alone.ok()) {
    return absl::IsResourceExhausted(alone.status()) ? Limited(alone.status()) : alone.status();
  }
  CHAT_ASSIGN_OR_RETURN(Known known, Meet(call, request, nullptr, &asked));
  std::string name_id;
  const auto attempt = [&](Known& people) -> absl::StatusOr<RoomId> {
    CHAT_ASSIGN_OR_RETURN(NewRoom room, DecideCreate(asked, limits_));
    name_id = room.room.name_id;
    room.packet = rpc::PacketKey(call.caller);
    room.epoch = call.caller.epoch();
    const auto tell = [&](const LockedRoom& locked, const RoomWrite& write,
                          const ChangedRoom& after) {
      News news = Announce(asked, {locked, write, after}, limits_, people);
      return Complete(std::move(news), people.misses());
    };
    absl::StatusOr<RoomId> made = store_.Create(call.deadline, room, tell);
    if (!absl::IsAlreadyExists(made.status())) return made;
    return rpc::Refuse(v1::INVALID_DATA, "Room.id: used before");
  };
  CHAT_RETURN_IF_ERROR(Commit(call, asked.by.roster, std::move(known), attempt));
  return name_id;
}

absl::StatusOr<Identity> Changer::Acting(const rpc::Call& call, const SeenRoom& seen,
                                         const v1::Room& request) {
  const bool lists = !request.members().empty() || !request.admins().empty();
  CHAT_RETURN_IF_ERROR(MayAsk(request.status(), lists, seen.own ? &*seen.own : nullptr));
  if (seen.own) return Identity{seen.own->roster, seen.own->account};
  if (call.caller.rosters().empty()) {
    return rpc::Refuse(v1::PERMISSION_DENIED, "Room: the caller's account has no roster");
  }
  return Identity{{call.caller.rosters(0).id()}, {call.caller.account_id()}};
}

absl::Status Changer::Change(const rpc::Call& call, const v1::Room& request) {
  CHAT_ASSIGN_OR_RETURN(const std::optional<SeenRoom> before, Repeated(call));
  if (before) return store_.Deliver(call.deadline, before->room.id);
  const AccountId account{call.caller.account_id()};
  CHAT_ASSIGN_OR_RETURN(const std::optional<SeenRoom> seen,
                        store_.Look(call.deadline, request.id(), account));
  if (!seen) return NotFound();
  Asked asked;
  asked.verb = request.status();
  asked.written = request;
  CHAT_ASSIGN_OR_RETURN(asked.by, Acting(call, *seen, request));
  CHAT_ASSIGN_OR_RETURN(Known known, Meet(call, request, &seen->room, &asked));
  ChangeRequest change;
  change.name_id = request.id();
  change.account = account;
  change.packet = rpc::PacketKey(call.caller);
  change.epoch = call.caller.epoch();
  for (const Named& named : asked.named) {
    if (named.known || asked.verb == v1::Room::UNBAN) change.named.push_back(named.who.roster);
  }
  if (asked.named.empty() && !seen->own) change.named.push_back(asked.by.roster);
  const auto attempt = [&](Known& people) {
    const auto decide = [&](const LockedRoom& room) { return Decide(asked, room, limits_); };
    const auto tell = [&](const LockedRoom& locked, const RoomWrite& write,
                          const ChangedRoom& after) {
      News news = Announce(asked, {locked, write, after}, limits_, people);
      return Complete(std::move(news), people.misses());
    };
    return store_.Change(call.deadline, change, decide, tell);
  };
  const absl::Status status = Commit(call, asked.by.roster, std::move(known), attempt);
  return absl::IsNotFound(status) ? NotFound() : status;
}

absl::Status Changer::PatchMember(const rpc::Call& call, const v1::Member& request) {
  const absl::Status denied =
      rpc::Refuse(v1::PERMISSION_DENIED, "Member.id: not a membership of the caller");
  const AccountId account{call.caller.account_id()};
  const std::string name_id = request.has_muc() ? request.muc().name() : "";
  CHAT_ASSIGN_OR_RETURN(
      const std::vector<SeenRoom> own,
      store_.Own(call.deadline, account, {request.has_id() ? request.id() : 0}, name_id));
  const bool named = request.has_id() || request.has_muc();
  if (own.empty() || (!named && own.size() != 1)) return denied;
  ChangeRequest change;
  change.name_id = own[0].room.name_id;
  change.account = account;
  change.member = own[0].own->id;
  const RosterId viewer = own[0].own->roster;
  Known known;
  CHAT_RETURN_IF_ERROR(people_.Ask(call, viewer, {viewer}, {}, &known));
  const auto attempt = [&](Known& people) {
    const auto decide = [&](const LockedRoom& room) { return DecidePatch(request, room, limits_); };
    const auto tell = [&](const LockedRoom& locked, const RoomWrite& write,
                          const ChangedRoom& after) {
      News news = AnnouncePatch({locked, write, after}, people);
      return Complete(std::move(news), people.misses());
    };
    return store_.Change(call.deadline, change, decide, tell);
  };
  const absl::Status status = Commit(call, viewer, std::move(known), attempt);
  return absl::IsNotFound(status) ? denied : status;
}

absl::Status Changer::RemoveFrom(const rpc::Call& call, const SeenRoom& seen,
                                 const std::vector<RosterId>& rosters) {
  ChangeRequest change;
  change.name_id = seen.room.name_id;
  change.named = rosters;
  Known known;
  CHAT_RETURN_IF_ERROR(people_.Ask(call, {}, rosters, {}, &known));
  const auto attempt = [&](Known& people) {
    const auto decide = [](const LockedRoom& room) -> absl::StatusOr<RoomWrite> {
      if (room.named.empty()) return absl::NotFoundError("they have left meanwhile");
      return DecideRemoval(room);
    };
    const auto tell = [&](const LockedRoom& locked, const RoomWrite& write,
                          const ChangedRoom& after) {
      News news = AnnounceRemoval({locked, write, after}, limits_, people);
      return Complete(std::move(news), people.misses());
    };
    return store_.Change(call.deadline, change, decide, tell);
  };
  const absl::Status status = Commit(call, {}, std::move(known), attempt);
  return absl::IsNotFound(status) ? absl::OkStatus() : status;
}

absl::Status Changer::Remove(const rpc::Call& call, const std::vector<RosterId>& rosters) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<SeenRoom> rooms, store_.RoomsOf(call.deadline, rosters));
  RoomId last;
  for (const SeenRoom& seen : rooms) {
    // Two of the rosters may share a room: it is done with the first.
    if (std::exchange(last, seen.room.id) == seen.room.id) continue;
    CHAT_RETURN_IF_ERROR(RemoveFrom(call, seen, rosters));
  }
  return absl::OkStatus();
}

}  // namespace chat::room
