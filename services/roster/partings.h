// What messaging is told of a pair when one of its rosters goes, or gets another phone id. Pure. In
// every pair here the party is the roster that goes or is renamed.
#pragma once

#include <vector>

#include "services/roster/roster_store.h"

namespace chat::roster {

// Roster/remove: as a revoke by the party (PROTOCOL 5.4, 5.5).
std::vector<v1::Change> ToldOfRosterRemoval(const LockedPair& pair);

// Profile/remove: the feed closes; who was a friend, was asked or asked is told `deleted`.
std::vector<v1::Change> ToldOfAccountRemoval(const LockedPair& pair);

// Profile/phone: whoever has an entry is told that the phone id `before` is deleted, then what is
// stored, under the new one. `online`: the party has a live connection.
std::vector<v1::Change> ToldOfRename(const LockedPair& pair, const PhoneId& before, bool online);

}  // namespace chat::roster
