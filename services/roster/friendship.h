// Friendship of two rosters as a transition table (PROTOCOL 5.5, O28). Pure: what both sides have
// stored and a verb go in; what is stored then, the answer, the notices and the change of the p2p
// feed come out. Rows are tried from the top; the first that matches decides.
//
// The party is the side that asks. Reachable pairs are (none or internal) x (none or internal),
// request x authorization, friend x friend, banned x ban, banned x none (banned by somebody who was
// in nobody's list), banned x banned (mutual). For all others the table still has an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "chat/v1/records.pb.h"

namespace chat::roster {

enum class State : uint8_t {
  kNone,           // no entry
  kInternal,       // phone book only
  kRequest,        // I asked
  kAuthorization,  // they asked me
  kFriend,
  kBanned,  // I banned them
  kBan,     // they banned me
};

// "internal", "request" …; "" for kNone.
std::string_view StateName(State state);
// nullopt for a text that is no state.
std::optional<State> ParseState(std::string_view name);
// As a Contact shows it; STATUS_UNSET for kNone.
v1::Contact::Status StateStatus(State state);

enum class Verb : uint8_t { kRequest, kConfirm, kRevoke, kBan, kUnban, kMute, kUnmute };

// One side's entry about the other.
struct Side {
  State state = State::kNone;
  bool listed = false;  // in this side's phone book: survives a revoke as `internal`
  bool muted = false;
  friend bool operator==(const Side&, const Side&) = default;
};

struct Pair {
  Side party;
  Side counterparty;
  bool were_friends = false;  // when the first ban fell; false while nobody is banned
  friend bool operator==(const Pair&, const Pair&) = default;
  // The p2p feed may be written.
  bool open() const {
    return party.state == State::kFriend && counterparty.state == State::kFriend;
  }
  // One of them has banned the other.
  bool barred() const;
};

// What the requester is answered. Stored (pair.last_reply): numbers never change their meaning.
enum class Answer : uint8_t {
  kNothing = 0,            // the notices are the answer
  kAlreadyPresent = 1,     // {io,{ok,{already_present,FriendId}},<<>>}
  kBothAdded = 2,          // {io,{ok,added},{ok,added}}
  kPartyAdded = 3,         // {io,{ok,added},{error,contact_not_found}}
  kCounterpartyAdded = 4,  // {io,{error,contact_not_found},{ok,added}}
  kNeitherAdded = 5,       // {io,{error,contacts_not_found},{error,contacts_not_found}}
  kInvalidData = 6,        // the refusals {io,{error,…},<<>>}
  kPermissionDenied = 7,
  kContactNotFound = 8,
};

struct Transition {
  Pair after;  // equals the pair before when nothing changes
  Answer answer = Answer::kNothing;
  // Status of the Contact that goes to `ses/` of that side; unset: that side is told nothing.
  std::optional<v1::Contact::Status> tell_party;
  std::optional<v1::Contact::Status> tell_counterparty;
};

Transition Decide(const Pair& before, Verb verb);

}  // namespace chat::roster
