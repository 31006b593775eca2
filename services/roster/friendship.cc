#include "services/roster/friendship.h"

#include <cstdlib>
#include <iterator>

namespace chat::roster {
namespace {

// ---- Sets of states ----

using Set = uint8_t;
constexpr Set Only(State state) { return static_cast<Set>(1u << static_cast<unsigned>(state)); }
constexpr Set kNoEntry = Only(State::kNone);
constexpr Set kInternal = Only(State::kInternal);
constexpr Set kAsked = Only(State::kRequest);
constexpr Set kWasAsked = Only(State::kAuthorization);
constexpr Set kFriends = Only(State::kFriend);
constexpr Set kBans = Only(State::kBanned);
constexpr Set kIsBanned = Only(State::kBan);
constexpr Set kStranger = kNoEntry | kInternal;
constexpr Set kLive = kAsked | kWasAsked | kFriends;
constexpr Set kBarred = kBans | kIsBanned;
constexpr Set kAny = 0x7f;
constexpr Set kKnown = kAny & ~kNoEntry;

constexpr bool In(State state, Set set) { return (Only(state) & set) != 0; }

// ---- What becomes of a side ----

enum class To : uint8_t {
  kSame,
  kRequest,
  kAuthorization,
  kFriend,
  kBanned,
  kBan,
  kPhoneBook,  // internal if it was listed, else deleted
  kDeleted,
  kRestored,  // friend if they were friends when the ban fell, else deleted
  kMuted,
  kUnmuted,
};

using Status = v1::Contact;
constexpr auto kSilent = v1::Contact::STATUS_UNSET;

struct Row {
  Verb verb;
  Set party;
  Set counterparty;
  To party_to;
  To counterparty_to;
  Answer answer;
  v1::Contact::Status tell_party;
  v1::Contact::Status tell_counterparty;
};

// clang-format off
constexpr Row kTable[] = {
    // request
    {Verb::kRequest, kBarred, kAny, To::kSame, To::kSame, Answer::kPermissionDenied, kSilent, kSilent},
    {Verb::kRequest, kAny, kBarred, To::kSame, To::kSame, Answer::kPermissionDenied, kSilent, kSilent},
    {Verb::kRequest, kFriends, kAny, To::kSame, To::kSame, Answer::kAlreadyPresent, kSilent, kSilent},
    {Verb::kRequest, kAsked, kAny, To::kSame, To::kSame, Answer::kInvalidData, kSilent, kSilent},
    {Verb::kRequest, kWasAsked, kAsked | kFriends, To::kFriend, To::kFriend, Answer::kBothAdded, Status::FRIEND, Status::FRIEND},
    {Verb::kRequest, kWasAsked, kAny, To::kFriend, To::kSame, Answer::kPartyAdded, Status::FRIEND, kSilent},
    {Verb::kRequest, kStranger, kAny, To::kRequest, To::kAuthorization, Answer::kNothing, Status::REQUEST, Status::AUTHORIZATION},
    // confirm
    {Verb::kConfirm, kBarred, kAny, To::kSame, To::kSame, Answer::kNeitherAdded, kSilent, kSilent},
    {Verb::kConfirm, kAny, kBarred, To::kSame, To::kSame, Answer::kNeitherAdded, kSilent, kSilent},
    {Verb::kConfirm, kFriends, kFriends, To::kSame, To::kSame, Answer::kBothAdded, kSilent, kSilent},
    {Verb::kConfirm, kWasAsked, kAsked | kFriends, To::kFriend, To::kFriend, Answer::kBothAdded, Status::FRIEND, Status::FRIEND},
    {Verb::kConfirm, kWasAsked, kAny, To::kFriend, To::kSame, Answer::kPartyAdded, Status::FRIEND, kSilent},
    {Verb::kConfirm, kAny, kAsked, To::kSame, To::kFriend, Answer::kCounterpartyAdded, kSilent, Status::FRIEND},
    {Verb::kConfirm, kAny, kAny, To::kSame, To::kSame, Answer::kNeitherAdded, kSilent, kSilent},
    // revoke
    {Verb::kRevoke, kLive, kLive, To::kPhoneBook, To::kPhoneBook, Answer::kNothing, Status::REVOKE, Status::REVOKE},
    {Verb::kRevoke, kLive, kAny, To::kPhoneBook, To::kSame, Answer::kNothing, Status::REVOKE, kSilent},
    {Verb::kRevoke, kAny, kAny, To::kSame, To::kSame, Answer::kContactNotFound, kSilent, kSilent},
    // ban
    {Verb::kBan, kNoEntry, kNoEntry, To::kSame, To::kSame, Answer::kNeitherAdded, kSilent, kSilent},
    {Verb::kBan, kBans, kAny, To::kSame, To::kSame, Answer::kBothAdded, kSilent, kSilent},
    {Verb::kBan, kNoEntry, kBans, To::kBanned, To::kSame, Answer::kCounterpartyAdded, Status::BANNED, Status::BANNED},
    {Verb::kBan, kKnown, kBans, To::kBanned, To::kSame, Answer::kBothAdded, Status::BANNED, Status::BANNED},
    {Verb::kBan, kKnown, kNoEntry, To::kBanned, To::kSame, Answer::kPartyAdded, Status::BANNED, kSilent},
    {Verb::kBan, kNoEntry, kKnown, To::kBanned, To::kBan, Answer::kCounterpartyAdded, Status::BANNED, Status::BANNED},
    {Verb::kBan, kKnown, kKnown, To::kBanned, To::kBan, Answer::kBothAdded, Status::BANNED, Status::BANNED},
    // unban
    {Verb::kUnban, kBans, kBans, To::kBan, To::kSame, Answer::kNothing, Status::UNBANNED, Status::UNBANNED},
    {Verb::kUnban, kBans, kIsBanned, To::kRestored, To::kRestored, Answer::kNothing, Status::UNBANNED, Status::UNBANNED},
    {Verb::kUnban, kBans, kAny, To::kDeleted, To::kSame, Answer::kNothing, Status::UNBANNED, kSilent},
    {Verb::kUnban, kAny, kAny, To::kSame, To::kSame, Answer::kPermissionDenied, kSilent, kSilent},
    // mute, unmute
    {Verb::kMute, kFriends, kAny, To::kMuted, To::kSame, Answer::kNothing, Status::MUTED, kSilent},
    {Verb::kMute, kAny, kAny, To::kSame, To::kSame, Answer::kContactNotFound, kSilent, kSilent},
    {Verb::kUnmute, kFriends, kAny, To::kUnmuted, To::kSame, Answer::kNothing, Status::UNMUTED, kSilent},
    {Verb::kUnmute, kAny, kAny, To::kSame, To::kSame, Answer::kContactNotFound, kSilent, kSilent},
};
// clang-format on

Side With(Side side, State state) {
  side.state = state;
  return side;
}

Side Apply(const Side& side, To to, bool were_friends) {
  switch (to) {
    case To::kSame:
      return side;
    case To::kRequest:
      return With(side, State::kRequest);
    case To::kAuthorization:
      return With(side, State::kAuthorization);
    case To::kFriend:
      return With(side, State::kFriend);
    case To::kBanned:
      return With(side, State::kBanned);
    case To::kBan:
      return With(side, State::kBan);
    case To::kPhoneBook:
      return side.listed ? Side{State::kInternal, true, false} : Side{};
    case To::kDeleted:
      return Side{};
    case To::kRestored:
      return were_friends ? With(side, State::kFriend) : Side{};
    case To::kMuted:
      return {side.state, side.listed, true};
    case To::kUnmuted:
      return {side.state, side.listed, false};
  }
  return side;
}

std::optional<v1::Contact::Status> Told(v1::Contact::Status status) {
  if (status == kSilent) return std::nullopt;
  return status;
}

constexpr std::string_view kNames[] = {"",       "internal", "request", "authorization",
                                       "friend", "banned",   "ban"};

}  // namespace

std::string_view StateName(State state) { return kNames[static_cast<size_t>(state)]; }

std::optional<State> ParseState(std::string_view name) {
  for (size_t i = 1; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<State>(i);
  }
  return std::nullopt;
}

v1::Contact::Status StateStatus(State state) {
  constexpr v1::Contact::Status kStatus[] = {
      Status::STATUS_UNSET, Status::INTERNAL, Status::REQUEST, Status::AUTHORIZATION,
      Status::FRIEND,       Status::BANNED,   Status::BAN};
  return kStatus[static_cast<size_t>(state)];
}

bool Pair::barred() const { return In(party.state, kBarred) || In(counterparty.state, kBarred); }

Transition Decide(const Pair& before, Verb verb) {
  for (const Row& row : kTable) {
    if (row.verb != verb || !In(before.party.state, row.party) ||
        !In(before.counterparty.state, row.counterparty)) {
      continue;
    }
    Transition result;
    result.after.party = Apply(before.party, row.party_to, before.were_friends);
    result.after.counterparty =
        Apply(before.counterparty, row.counterparty_to, before.were_friends);
    result.after.were_friends =
        result.after.barred() && (before.barred() ? before.were_friends : before.open());
    result.answer = row.answer;
    result.tell_party = Told(row.tell_party);
    result.tell_counterparty = Told(row.tell_counterparty);
    return result;
  }
  std::abort();  // The last row of every verb matches every pair; friendship_test proves it.
}

}  // namespace chat::roster
