#include "services/roster/pg_account_store.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "services/roster/partings.h"
#include "services/roster/pg_pairs.h"
#include "services/roster/pg_rows.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

constexpr pg::Statement kPutCard = {
    "roster_put_card",
    "INSERT INTO roster.findable AS f (account_id, version, search) VALUES ($1, $2, $3)"
    " ON CONFLICT (account_id) DO UPDATE SET version = excluded.version, search = excluded.search"
    " WHERE f.version <= excluded.version RETURNING 1"};
constexpr pg::Statement kDropEmails = {"roster_drop_emails",
                                       "DELETE FROM roster.verified_email WHERE account_id = $1"};
constexpr pg::Statement kPutEmails = {
    "roster_put_emails",
    "INSERT INTO roster.verified_email (address, account_id)"
    " SELECT DISTINCT lower(u.address), $1::bigint FROM unnest($2::text[]) AS u (address)"
    " ON CONFLICT DO NOTHING"};
constexpr pg::Statement kPeople = {
    "roster_people",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms, mine.state, coalesce(mine.listed, false), coalesce(mine.muted, false),"
    " theirs.state, coalesce(theirs.listed, false), coalesce(theirs.muted, false)"
    " FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " LEFT JOIN roster.contact mine ON mine.roster_id = $1 AND mine.peer_id = r.id"
    " LEFT JOIN roster.contact theirs ON theirs.roster_id = r.id AND theirs.peer_id = $1"
    " WHERE r.id = ANY ($2::bigint[]) ORDER BY r.id"};
constexpr pg::Statement kLockPhone = {"roster_lock_phone",
                                      "SELECT phone FROM roster.account WHERE id = $1 FOR UPDATE"};
// No pair can be made with a roster that is locked so.
constexpr pg::Statement kLockRosters = {
    "roster_lock_rosters",
    "SELECT id FROM roster.roster WHERE account_id = $1 AND ($2::bigint IS NULL OR id = $2)"
    " ORDER BY id FOR UPDATE"};
constexpr pg::Statement kRostersById = {
    "roster_rosters_by_id",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " WHERE r.id = ANY ($1::bigint[]) ORDER BY r.id"};
constexpr pg::Statement kSetPhone = {"roster_set_phone",
                                     "UPDATE roster.account SET phone = $2 WHERE id = $1"};
constexpr pg::Statement kTouchRosters = {
    "roster_touch_rosters",
    "UPDATE roster.roster SET update_ms = greatest(update_ms, roster.now_ms())"
    " WHERE account_id = $1"};
constexpr pg::Statement kDeleteContactsOf = {
    "roster_delete_contacts_of",
    "DELETE FROM roster.contact WHERE roster_id = ANY ($1::bigint[])"
    " OR peer_id = ANY ($1::bigint[])"};
constexpr pg::Statement kDeletePairsOf = {
    "roster_delete_pairs_of",
    "DELETE FROM roster.pair WHERE low = ANY ($1::bigint[]) OR high = ANY ($1::bigint[])"};
constexpr pg::Statement kDeleteRosters = {
    "roster_delete_rosters", "DELETE FROM roster.roster WHERE id = ANY ($1::bigint[])"};
constexpr pg::Statement kDropCard = {"roster_drop_card",
                                     "DELETE FROM roster.findable WHERE account_id = $1"};
constexpr pg::Statement kDeleteAccount = {"roster_delete_account",
                                          "DELETE FROM roster.account WHERE id = $1"};

constexpr const char* kNothingToDelete = "nothing to delete";

std::vector<RosterId> LockRosters(pg::Tx& tx, AccountId account, std::optional<RosterId> only) {
  std::optional<int64_t> id;
  if (only) id = only->value;
  std::vector<RosterId> rosters;
  for (const pqxx::row& row : tx.Exec(kLockRosters, account.value, id)) {
    rosters.push_back({row[0].as<int64_t>()});
  }
  return rosters;
}

std::string Values(const std::vector<RosterId>& rosters) {
  std::vector<int64_t> values;
  for (RosterId roster : rosters) values.push_back(roster.value);
  return pg::Array(values);
}

std::vector<RosterRow> ReadRosters(pg::Tx& tx, const std::vector<RosterId>& rosters) {
  std::vector<RosterRow> rows;
  for (const pqxx::row& row : tx.Exec(kRostersById, Values(rosters))) {
    rows.push_back(ToRoster(row));
  }
  return rows;
}

// Tells what `told` makes of every pair of the roster; the keys it was told under go to *keys.
template <typename Told>
void TellPairs(pg::Tx& tx, pg::Outbox& outbox, RosterId roster, const Told& told,
               std::vector<std::string>* keys) {
  for (const LockedPair& pair : LockPairs(tx, roster, Acquaintances(tx, roster))) {
    const std::vector<v1::Change> changes = told(pair);
    if (changes.empty()) continue;
    keys->push_back(PairKey(pair.party.id, pair.counterparty.id));
    Tell(outbox, tx, keys->back(), changes);
  }
}

void DeleteRosters(pg::Tx& tx, const std::vector<RosterId>& rosters) {
  const std::string ids = Values(rosters);
  tx.Exec(kDeleteContactsOf, ids);
  tx.Exec(kDeletePairsOf, ids);
  tx.Exec(kDeleteRosters, ids);
}

}  // namespace

absl::Status PgAccountStore::Put(Deadline deadline, const AccountCard& card) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    if (tx.Exec(kPutCard, card.account.value, card.version, static_cast<int>(card.search))
            .empty()) {
      return absl::OkStatus();
    }
    tx.Exec(kDropEmails, card.account.value);
    if (!card.emails.empty()) tx.Exec(kPutEmails, card.account.value, pg::TextArray(card.emails));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<PersonRow>> PgAccountStore::People(
    Deadline deadline, RosterId viewer, const std::vector<RosterId>& rosters) {
  return pool_.Read<std::vector<PersonRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<PersonRow>> {
        std::vector<PersonRow> people;
        for (const pqxx::row& row : tx.Exec(kPeople, viewer.value, Values(rosters))) {
          const Pair pair{ToSide(row, 9), ToSide(row, 12), false};
          people.push_back({ToRoster(row), pair.open(), pair.barred()});
        }
        return people;
      });
}

absl::StatusOr<std::vector<RosterRow>> PgAccountStore::Rename(Deadline deadline, AccountId account,
                                                              const std::string& phone,
                                                              bool online) {
  std::vector<std::string> keys;
  const auto rename = [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RosterRow>> {
    keys = {AccountKey(account)};
    const pqxx::result stored = tx.Exec(kLockPhone, account.value);
    if (stored.empty()) return std::vector<RosterRow>();
    const std::string before = stored[0][0].as<std::string>();
    const std::vector<RosterId> ids = LockRosters(tx, account, std::nullopt);
    if (before == phone) return ReadRosters(tx, ids);
    tx.Exec(kSetPhone, account.value, phone);
    tx.Exec(kTouchRosters, account.value);
    std::vector<RosterRow> rosters = ReadRosters(tx, ids);
    std::vector<v1::Change> own;
    for (const RosterRow& row : rosters) own.push_back(Projection(row));
    for (const RosterRow& row : rosters) own.push_back(RostersChanged(row, v1::Roster::PATCH));
    Tell(outbox_, tx, AccountKey(account), own);
    for (RosterId id : ids) {
      const auto told = [&](const LockedPair& pair) {
        return ToldOfRename(pair, {before, id}, online);
      };
      TellPairs(tx, outbox_, id, told, &keys);
    }
    return rosters;
  };
  CHAT_ASSIGN_OR_RETURN(std::vector<RosterRow> rosters,
                        pool_.Get<std::vector<RosterRow>>(deadline, rename));
  CHAT_RETURN_IF_ERROR(Deliver(deadline, keys));
  return rosters;
}

absl::StatusOr<std::vector<RosterId>> PgAccountStore::Unlist(Deadline deadline, RosterId roster,
                                                             const std::vector<RosterId>& peers) {
  std::vector<std::string> keys;
  std::vector<RosterId> unlisted;
  const absl::Status status = pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    keys.clear();
    unlisted.clear();
    std::vector<StoredPair> pairs;
    for (const LockedPair& pair : LockPairs(tx, roster, peers)) {
      const std::optional<Unlisting> made = Unlisted(pair);
      if (!made) continue;
      pairs.push_back({pair, made->after});
      unlisted.push_back(pair.counterparty.id);
      keys.push_back(PairKey(roster, pair.counterparty.id));
      Tell(outbox_, tx, keys.back(), made->changes);
    }
    // Rolled back: nothing to delete leaves no row of a pair behind.
    if (pairs.empty()) return absl::CancelledError(kNothingToDelete);
    WritePairs(tx, pairs);
    return absl::OkStatus();
  });
  if (absl::IsCancelled(status) && Message(status) == kNothingToDelete) return unlisted;
  CHAT_RETURN_IF_ERROR(status);
  CHAT_RETURN_IF_ERROR(Deliver(deadline, keys));
  return unlisted;
}

absl::Status PgAccountStore::Remove(Deadline deadline, AccountId account) {
  std::vector<std::string> keys;
  CHAT_RETURN_IF_ERROR(pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    keys = {AccountKey(account)};
    tx.Exec(kLockPhone, account.value);
    const std::vector<RosterId> ids = LockRosters(tx, account, std::nullopt);
    for (RosterId id : ids) TellPairs(tx, outbox_, id, ToldOfAccountRemoval, &keys);
    DeleteRosters(tx, ids);
    tx.Exec(kDropEmails, account.value);
    tx.Exec(kDropCard, account.value);
    tx.Exec(kDeleteAccount, account.value);
    return absl::OkStatus();
  }));
  return Deliver(deadline, keys);
}

absl::Status PgAccountStore::RemoveRoster(Deadline deadline, AccountId account, RosterId roster) {
  std::vector<std::string> keys;
  CHAT_RETURN_IF_ERROR(pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    keys = {AccountKey(account)};
    const std::vector<RosterId> ids = LockRosters(tx, account, roster);
    if (ids.empty()) return absl::NotFoundError("no such roster of the account");
    const std::vector<RosterRow> rows = ReadRosters(tx, ids);
    TellPairs(tx, outbox_, roster, ToldOfRosterRemoval, &keys);
    Tell(outbox_, tx, AccountKey(account), {RostersChanged(rows.front(), v1::Roster::REMOVE)});
    DeleteRosters(tx, ids);
    return absl::OkStatus();
  }));
  return Deliver(deadline, keys);
}

// Whatever keeps messaging from applying: the requester may repeat, the outbox goes on trying.
absl::Status PgAccountStore::Deliver(Deadline deadline, const std::vector<std::string>& keys) {
  const absl::Status status = outbox_.Drain(deadline, keys);
  if (status.ok()) return status;
  return absl::UnavailableError(View("messaging has not applied it yet: " + Message(status)));
}

}  // namespace chat::roster
