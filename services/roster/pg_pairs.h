// Pairs of rosters in PostgreSQL: their locks, both sides' entries, and the keys of the outbox
// under which messaging is told. For the stores of this folder; all in the caller's transaction.
#pragma once

#include <string>
#include <vector>

#include "libs/pg/outbox.h"
#include "libs/pg/pool.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// What is told under one key arrives in order.
std::string PairKey(RosterId a, RosterId b);
std::string AccountKey(AccountId account);

// Adds the changes to the outbox of the schema.
void Tell(pg::Outbox& outbox, pg::Tx& tx, const std::string& key,
          const std::vector<v1::Change>& changes);

// The pair under its lock, made when there is none. kNotFound: one of the rosters is gone.
absl::StatusOr<LockedPair> LockPair(pg::Tx& tx, RosterId party, RosterId counterparty);

// The pairs of `party` with those of `peers` that exist, each under its lock, in order of the
// peer's id. Set-based: three statements whatever their number.
std::vector<LockedPair> LockPairs(pg::Tx& tx, RosterId party, const std::vector<RosterId>& peers);

// The rosters that have an entry about `party`, or of which it has one.
std::vector<RosterId> Acquaintances(pg::Tx& tx, RosterId party);

// What a changed pair has stored from now on, as one of many.
struct StoredPair {
  LockedPair before;
  Pair after;
};
// Writes both sides and the next version of each.
void WritePairs(pg::Tx& tx, const std::vector<StoredPair>& pairs);

}  // namespace chat::roster
