#include "services/roster/pg_pairs.h"

#include <algorithm>
#include <utility>

#include "services/roster/pg_rows.h"

namespace chat::roster {
namespace {

constexpr pg::Statement kLockPair = {
    "roster_lock_pair",
    "SELECT version, were_friends, last_packet, last_reply FROM roster.pair"
    " WHERE low = $1 AND high = $2 FOR UPDATE"};
constexpr pg::Statement kInsertPair = {
    "roster_insert_pair",
    "INSERT INTO roster.pair (low, high) SELECT $1, $2"
    " WHERE (SELECT count(*) FROM roster.roster WHERE id IN ($1, $2)) = 2"
    " ON CONFLICT (low, high) DO NOTHING"};
constexpr pg::Statement kReadSides = {
    "roster_read_sides",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms, c.state, coalesce(c.listed, false), coalesce(c.muted, false),"
    " coalesce(c.update_ms, 0), roster.now_ms() FROM roster.roster r"
    " JOIN roster.account a ON a.id = r.account_id"
    " LEFT JOIN roster.contact c ON c.roster_id = r.id"
    " AND c.peer_id = CASE WHEN r.id = $1 THEN $2::bigint ELSE $1::bigint END"
    " WHERE r.id IN ($1, $2)"};

constexpr pg::Statement kInsertPairs = {
    "roster_insert_pairs",
    "INSERT INTO roster.pair (low, high) SELECT least($1, r.id), greatest($1, r.id)"
    " FROM roster.roster r WHERE r.id = ANY ($2::bigint[]) AND r.id <> $1"
    " AND EXISTS (SELECT FROM roster.roster WHERE id = $1)"
    " ORDER BY 1, 2 ON CONFLICT (low, high) DO NOTHING"};
constexpr pg::Statement kLockPairs = {
    "roster_lock_pairs",
    "SELECT 1 FROM roster.pair p JOIN unnest($2::bigint[]) AS u (peer)"
    " ON p.low = least($1, u.peer) AND p.high = greatest($1, u.peer)"
    " ORDER BY p.low, p.high FOR UPDATE OF p"};
constexpr pg::Statement kReadPairs = {
    "roster_read_pairs",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms, theirs.state, coalesce(theirs.listed, false), coalesce(theirs.muted, false),"
    " coalesce(theirs.update_ms, 0), roster.now_ms(), p.version, p.were_friends, mine.state,"
    " coalesce(mine.listed, false), coalesce(mine.muted, false), coalesce(mine.update_ms, 0)"
    " FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " JOIN roster.pair p ON p.low = least($1, r.id) AND p.high = greatest($1, r.id)"
    " LEFT JOIN roster.contact theirs ON theirs.roster_id = r.id AND theirs.peer_id = $1"
    " LEFT JOIN roster.contact mine ON mine.roster_id = $1 AND mine.peer_id = r.id"
    " WHERE r.id = ANY ($2::bigint[]) ORDER BY r.id"};
constexpr pg::Statement kFindParty = {
    "roster_find_party",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " WHERE r.id = $1"};
constexpr pg::Statement kAcquaintances = {
    "roster_acquaintances",
    "SELECT peer_id FROM roster.contact WHERE roster_id = $1 UNION"
    " SELECT roster_id FROM roster.contact WHERE peer_id = $1 ORDER BY 1"};

constexpr pg::Statement kWritePairs = {
    "roster_write_pairs",
    "UPDATE roster.pair p SET version = p.version + 1, were_friends = u.were_friends,"
    " last_packet = '', last_reply = 0"
    " FROM unnest($1::bigint[], $2::bigint[], $3::boolean[]) AS u (low, high, were_friends)"
    " WHERE p.low = u.low AND p.high = u.high"};
constexpr pg::Statement kWriteContacts = {
    "roster_write_contacts",
    "UPDATE roster.contact c SET state = u.state, listed = u.listed, muted = u.muted,"
    " update_ms = greatest(c.update_ms, roster.now_ms())"
    " FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::boolean[], $5::boolean[])"
    " AS u (roster_id, peer_id, state, listed, muted)"
    " WHERE c.roster_id = u.roster_id AND c.peer_id = u.peer_id"};
constexpr pg::Statement kDeleteContacts = {
    "roster_delete_contacts",
    "DELETE FROM roster.contact c USING unnest($1::bigint[], $2::bigint[]) AS u (roster_id, "
    "peer_id)"
    " WHERE c.roster_id = u.roster_id AND c.peer_id = u.peer_id"};

std::string Values(const std::vector<RosterId>& ids) {
  std::vector<int64_t> values;
  for (RosterId id : ids) values.push_back(id.value);
  return pg::Array(values);
}

std::string Flags(const std::vector<bool>& flags) {
  std::string array = "{";
  for (bool flag : flags) array += flag ? "t," : "f,";
  if (array.size() > 1) array.pop_back();
  return array + "}";
}

// The columns of one side's changed entries.
struct Entries {
  std::vector<int64_t> rosters, peers;
  std::vector<std::string> states;
  std::vector<bool> listed, muted;
};

void AddSide(RosterId roster, RosterId peer, const Side& before, const Side& after,
             Entries* written, Entries* deleted) {
  if (before == after) return;
  Entries& entries = after.state == State::kNone ? *deleted : *written;
  entries.rosters.push_back(roster.value);
  entries.peers.push_back(peer.value);
  entries.states.emplace_back(StateName(after.state));
  entries.listed.push_back(after.listed);
  entries.muted.push_back(after.muted);
}

}  // namespace

std::string PairKey(RosterId a, RosterId b) {
  const auto [low, high] = std::minmax(a.value, b.value);
  return "pair:" + std::to_string(low) + ":" + std::to_string(high);
}

std::string AccountKey(AccountId account) { return "account:" + std::to_string(account.value); }

void Tell(pg::Outbox& outbox, pg::Tx& tx, const std::string& key,
          const std::vector<v1::Change>& changes) {
  for (const v1::Change& change : changes) outbox.Add(tx, key, change.SerializeAsString());
}

absl::StatusOr<LockedPair> LockPair(pg::Tx& tx, RosterId party, RosterId counterparty) {
  const auto [low, high] = std::minmax(party.value, counterparty.value);
  pqxx::result head = tx.Exec(kLockPair, low, high);
  if (head.empty()) {
    tx.Exec(kInsertPair, low, high);
    head = tx.Exec(kLockPair, low, high);
  }
  const pqxx::result sides = tx.Exec(kReadSides, low, high);
  if (head.empty() || sides.size() != 2) return absl::NotFoundError("a roster of the pair is gone");
  LockedPair pair;
  pair.version = head[0][0].as<int64_t>();
  pair.stored.were_friends = head[0][1].as<bool>();
  pair.last_packet = head[0][2].as<std::string>();
  pair.last_answer = static_cast<Answer>(head[0][3].as<int>());
  for (const pqxx::row& row : sides) {
    const bool own = row[0].as<int64_t>() == party.value;
    (own ? pair.party : pair.counterparty) = ToRoster(row);
    (own ? pair.stored.party : pair.stored.counterparty) = ToSide(row);
    (own ? pair.party_update_ms : pair.counterparty_update_ms) = row[12].as<int64_t>();
    pair.now_ms = row[13].as<int64_t>();
  }
  return pair;
}

std::vector<LockedPair> LockPairs(pg::Tx& tx, RosterId party, const std::vector<RosterId>& peers) {
  std::vector<LockedPair> pairs;
  if (peers.empty()) return pairs;
  const std::string ids = Values(peers);
  tx.Exec(kInsertPairs, party.value, ids);
  tx.Exec(kLockPairs, party.value, ids);
  const pqxx::result own = tx.Exec(kFindParty, party.value);
  if (own.empty()) return pairs;
  const RosterRow described = ToRoster(own[0]);
  for (const pqxx::row& row : tx.Exec(kReadPairs, party.value, ids)) {
    LockedPair pair;
    pair.party = described;
    pair.counterparty = ToRoster(row);
    pair.stored.counterparty = ToSide(row);
    pair.counterparty_update_ms = row[12].as<int64_t>();
    pair.now_ms = row[13].as<int64_t>();
    pair.version = row[14].as<int64_t>();
    pair.stored.were_friends = row[15].as<bool>();
    pair.stored.party = ToSide(row, 16);
    pair.party_update_ms = row[19].as<int64_t>();
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

std::vector<RosterId> Acquaintances(pg::Tx& tx, RosterId party) {
  std::vector<RosterId> ids;
  for (const pqxx::row& row : tx.Exec(kAcquaintances, party.value)) {
    ids.push_back({row[0].as<int64_t>()});
  }
  return ids;
}

void WritePairs(pg::Tx& tx, const std::vector<StoredPair>& pairs) {
  std::vector<int64_t> lows, highs;
  std::vector<bool> were_friends;
  Entries written, deleted;
  for (const StoredPair& pair : pairs) {
    const RosterId party = pair.before.party.id, counterparty = pair.before.counterparty.id;
    lows.push_back(std::min(party, counterparty).value);
    highs.push_back(std::max(party, counterparty).value);
    were_friends.push_back(pair.after.were_friends);
    AddSide(party, counterparty, pair.before.stored.party, pair.after.party, &written, &deleted);
    AddSide(counterparty, party, pair.before.stored.counterparty, pair.after.counterparty, &written,
            &deleted);
  }
  tx.Exec(kWritePairs, pg::Array(lows), pg::Array(highs), Flags(were_friends));
  if (!deleted.rosters.empty()) {
    tx.Exec(kDeleteContacts, pg::Array(deleted.rosters), pg::Array(deleted.peers));
  }
  if (written.rosters.empty()) return;
  tx.Exec(kWriteContacts, pg::Array(written.rosters), pg::Array(written.peers),
          pg::TextArray(written.states), Flags(written.listed), Flags(written.muted));
}

}  // namespace chat::roster
