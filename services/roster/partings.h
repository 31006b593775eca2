// What becomes of a pair, and what messaging is told, when one of its rosters goes, is given
// another phone id, or deletes its entry. Pure. In every pair here the party is the roster that
// does so.
#pragma once

#include <optional>
#include <vector>

#include "services/roster/roster_store.h"

namespace chat::roster {

// Roster/del: the party's entry goes, also from its phone book; a live one is revoked. nullopt:
// there is nothing to delete. Its own ban stands.
struct Unlisting {
  Pair after;
  std::vector<v1::Change> changes;
};
std::optional<Unlisting> Unlisted(const LockedPair& pair);

// Roster/remove: as a revoke by the party (PROTOCOL 5.4, 5.5).
std::vector<v1::Change> ToldOfRosterRemoval(const LockedPair& pair);

// Profile/remove: the feed closes; who was a friend, was asked or asked is told `deleted`.
std::vector<v1::Change> ToldOfAccountRemoval(const LockedPair& pair);

// Profile/phone: whoever has an entry is told that the phone id `before` is deleted, then what is
// stored, under the new one. `online`: the party has a live connection.
std::vector<v1::Change> ToldOfRename(const LockedPair& pair, const PhoneId& before, bool online);

}  // namespace chat::roster
