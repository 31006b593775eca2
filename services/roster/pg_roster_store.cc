#include "services/roster/pg_roster_store.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "services/roster/pg_pairs.h"
#include "services/roster/pg_rows.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

constexpr pg::Statement kEnsureAccount = {
    "roster_ensure_account",
    "INSERT INTO roster.account (id, phone) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING"};
constexpr pg::Statement kLockAccount = {"roster_lock_account",
                                        "SELECT 1 FROM roster.account WHERE id = $1 FOR UPDATE"};
constexpr pg::Statement kInsertRoster = {
    "roster_insert_roster",
    "INSERT INTO roster.roster (account_id, update_ms) VALUES ($1, roster.now_ms())"};
constexpr pg::Statement kRostersOf = {
    "roster_rosters_of",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " WHERE r.account_id = $1 ORDER BY r.id"};
constexpr pg::Statement kHasAccount = {"roster_has_account",
                                       "SELECT 1 FROM roster.account WHERE id = $1"};
constexpr pg::Statement kFind = {
    "roster_find",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " WHERE r.id = $1"};
constexpr pg::Statement kContactsOf = {
    "roster_contacts_of",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms, c.state, c.listed, c.muted, c.update_ms FROM roster.contact c"
    " JOIN roster.roster r ON r.id = c.peer_id JOIN roster.account a ON a.id = r.account_id"
    " WHERE c.roster_id = $1 ORDER BY c.peer_id"};
constexpr pg::Statement kWriteRoster = {
    "roster_write_roster",
    "UPDATE roster.roster SET"
    " names = CASE WHEN $3::text IS NULL THEN names ELSE nullif($3, '') END,"
    " surnames = CASE WHEN $4::text IS NULL THEN surnames ELSE nullif($4, '') END,"
    " email = CASE WHEN $5::text IS NULL THEN email ELSE nullif($5, '') END,"
    " avatar = CASE WHEN $6::text IS NULL THEN avatar ELSE nullif($6, '') END,"
    " nick = CASE WHEN $7::text IS NULL THEN nick ELSE nullif($7, '') END,"
    " nick_folded = CASE WHEN $7::text IS NULL THEN nick_folded ELSE nullif($8::text, '') END,"
    " update_ms = greatest(update_ms, roster.now_ms())"
    " WHERE id = $1 AND account_id = $2"};
constexpr pg::Statement kMadeBy = {
    "roster_made_by",
    "SELECT id FROM roster.roster WHERE account_id = $1 AND made_by = $2 ORDER BY id LIMIT 1"};
constexpr pg::Statement kCreateRoster = {
    "roster_create_roster",
    "INSERT INTO roster.roster (account_id, names, surnames, email, avatar, made_by, update_ms)"
    " VALUES ($1, nullif($2, ''), nullif($3, ''), nullif($4, ''), nullif($5, ''), $6,"
    " roster.now_ms()) RETURNING id"};
constexpr pg::Statement kListContacts = {
    "roster_list_contacts",
    "INSERT INTO roster.contact (roster_id, peer_id, state, listed, update_ms)"
    " SELECT $1, r.id, 'internal', true, roster.now_ms() FROM roster.roster r"
    " WHERE r.id = ANY ($2::bigint[]) AND r.id <> $1"
    " ORDER BY r.id ON CONFLICT (roster_id, peer_id) DO NOTHING RETURNING peer_id"};
constexpr pg::Statement kCountRequest = {
    "roster_count_request",
    "WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day)"
    " UPDATE roster.account a SET requests_day = today.day, requests ="
    " CASE WHEN a.requests_day = today.day THEN a.requests + 1 ELSE 1 END FROM today"
    " WHERE a.id = $1 AND (a.requests_day IS DISTINCT FROM today.day OR a.requests < $2)"
    " RETURNING 1"};
constexpr pg::Statement kWritePair = {
    "roster_write_pair",
    "UPDATE roster.pair SET version = version + 1, were_friends = $3, last_packet = $4,"
    " last_reply = $5 WHERE low = $1 AND high = $2"};
constexpr pg::Statement kWriteContact = {
    "roster_write_contact",
    "INSERT INTO roster.contact (roster_id, peer_id, state, listed, muted, update_ms)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (roster_id, peer_id) DO UPDATE SET"
    " state = excluded.state, listed = contact.listed OR excluded.listed, muted = excluded.muted,"
    " update_ms = greatest(contact.update_ms, excluded.update_ms)"};
constexpr pg::Statement kDeleteContact = {
    "roster_delete_contact", "DELETE FROM roster.contact WHERE roster_id = $1 AND peer_id = $2"};
constexpr pg::Statement kCountContacts = {
    "roster_count_contacts", "SELECT count(*) FROM roster.contact WHERE roster_id = $1"};

constexpr const char* kNothingToWrite = "nothing to write";

std::vector<RosterRow> ReadRostersOf(pg::Tx& tx, AccountId account) {
  std::vector<RosterRow> rosters;
  for (const pqxx::row& row : tx.Exec(kRostersOf, account.value)) rosters.push_back(ToRoster(row));
  return rosters;
}

void WriteSide(pg::Tx& tx, RosterId roster, RosterId peer, const Side& before, const Side& after,
               int64_t now_ms) {
  if (before == after) return;
  if (after.state == State::kNone) {
    tx.Exec(kDeleteContact, roster.value, peer.value);
    return;
  }
  tx.Exec(kWriteContact, roster.value, peer.value, std::string(StateName(after.state)),
          after.listed, after.muted, now_ms);
}

}  // namespace

PgRosterStore::PgRosterStore(pg::Pool& pool, pg::Outbox& outbox, int64_t contacts_per_roster)
    : pool_(pool),
      outbox_(outbox),
      contacts_per_roster_(contacts_per_roster),
      full_(metrics::Counter("chat_roster_limited_total", "Requests refused by a limit.",
                             {{"limit", "contacts_per_roster"}})) {}

absl::StatusOr<std::vector<RosterRow>> PgRosterStore::Ensure(Deadline deadline, AccountId account,
                                                             const std::string& phone) {
  return pool_.Get<std::vector<RosterRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RosterRow>> {
        tx.Exec(kEnsureAccount, account.value, phone);
        tx.Exec(kLockAccount, account.value);
        std::vector<RosterRow> rosters = ReadRostersOf(tx, account);
        if (!rosters.empty()) return rosters;
        tx.Exec(kInsertRoster, account.value);
        rosters = ReadRostersOf(tx, account);
        Tell(outbox_, tx, AccountKey(account), {Projection(rosters.front())});
        return rosters;
      });
}

absl::StatusOr<std::vector<RosterRow>> PgRosterStore::RostersOf(Deadline deadline,
                                                                AccountId account) {
  return pool_.Read<std::vector<RosterRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RosterRow>> {
        return ReadRostersOf(tx, account);
      });
}

absl::StatusOr<bool> PgRosterStore::HasAccount(Deadline deadline, AccountId account) {
  return pool_.Read<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return !tx.Exec(kHasAccount, account.value).empty();
  });
}

absl::StatusOr<std::optional<RosterRow>> PgRosterStore::Find(Deadline deadline, RosterId roster) {
  return pool_.Read<std::optional<RosterRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::optional<RosterRow>> {
        const pqxx::result rows = tx.Exec(kFind, roster.value);
        if (rows.empty()) return std::optional<RosterRow>();
        return std::optional<RosterRow>(ToRoster(rows[0]));
      });
}

absl::StatusOr<std::vector<ContactRow>> PgRosterStore::ContactsOf(Deadline deadline,
                                                                  RosterId roster) {
  return pool_.Read<std::vector<ContactRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<ContactRow>> {
        std::vector<ContactRow> contacts;
        for (const pqxx::row& row : tx.Exec(kContactsOf, roster.value)) {
          contacts.push_back({ToRoster(row), ToSide(row), row[12].as<int64_t>()});
        }
        return contacts;
      });
}

absl::Status PgRosterStore::Write(Deadline deadline, AccountId account, RosterId roster,
                                  const RosterPatch& patch, const Notices& notices) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    const pqxx::result written =
        tx.Exec(kWriteRoster, roster.value, account.value, patch.names, patch.surnames, patch.email,
                patch.avatar, patch.nick, patch.nick_folded);
    if (written.affected_rows() == 0) return absl::NotFoundError("no such roster of the account");
    Tell(outbox_, tx, AccountKey(account), notices(ToRoster(tx.Exec(kFind, roster.value)[0])));
    return absl::OkStatus();
  });
}

absl::StatusOr<RosterRow> PgRosterStore::Create(Deadline deadline, const NewRoster& roster,
                                                const Notices& notices) {
  const int64_t account = roster.account.value;
  return pool_.Get<RosterRow>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<RosterRow> {
    if (tx.Exec(kLockAccount, account).empty()) return absl::NotFoundError("no such account");
    if (roster.repeats && !roster.packet.empty()) {
      const pqxx::result made = tx.Exec(kMadeBy, account, roster.packet);
      if (!made.empty()) return ToRoster(tx.Exec(kFind, made[0][0].as<int64_t>())[0]);
    }
    if (static_cast<int64_t>(ReadRostersOf(tx, roster.account).size()) >= roster.limit) {
      return absl::ResourceExhaustedError("the account has as many rosters as it may");
    }
    const RosterPatch& patch = roster.patch;
    const pqxx::result made = tx.Exec(kCreateRoster, account, patch.names, patch.surnames,
                                      patch.email, patch.avatar, roster.packet);
    RosterRow row = ToRoster(tx.Exec(kFind, made[0][0].as<int64_t>())[0]);
    Tell(outbox_, tx, AccountKey(roster.account), notices(row));
    return row;
  });
}

absl::StatusOr<std::vector<RosterId>> PgRosterStore::List(Deadline deadline, RosterId roster,
                                                          const std::vector<RosterId>& peers) {
  std::vector<int64_t> ids;
  for (RosterId peer : peers) ids.push_back(peer.value);
  using Listed = std::vector<RosterId>;
  return pool_.Get<Listed>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Listed> {
    Listed listed;
    for (const pqxx::row& row : tx.Exec(kListContacts, roster.value, pg::Array(ids))) {
      listed.push_back({row[0].as<int64_t>()});
    }
    if (listed.empty() ||
        tx.Exec(kCountContacts, roster.value)[0][0].as<int64_t>() <= contacts_per_roster_) {
      return listed;
    }
    full_.Increment();
    return absl::ResourceExhaustedError(
        View("Roster.userlist: roster " + std::to_string(roster.value) + " is full"));
  });
}

absl::StatusOr<bool> PgRosterStore::CountRequest(Deadline deadline, AccountId account,
                                                 int64_t limit) {
  if (limit == 0) return true;
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return !tx.Exec(kCountRequest, account.value, limit).empty();
  });
}

absl::Status PgRosterStore::ChangePair(Deadline deadline, RosterId party, RosterId counterparty,
                                       const DecidePair& decide) {
  const absl::Status status = pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(const LockedPair pair, LockPair(tx, party, counterparty));
    const PairWrite write = decide(pair);
    // Rolled back: a verb without effect leaves no row of the pair behind.
    if (!write.write) return absl::CancelledError(kNothingToWrite);
    return StorePair(tx, pair, write);
  });
  if (absl::IsCancelled(status) && status.message() == kNothingToWrite) return absl::OkStatus();
  return status;
}

absl::Status PgRosterStore::StorePair(pg::Tx& tx, const LockedPair& pair, const PairWrite& write) {
  const auto& [party, counterparty, now] =
      std::tie(pair.party.id, pair.counterparty.id, pair.now_ms);
  CHAT_RETURN_IF_ERROR(CheckRoom(tx, party, pair.stored.party, write.after.party));
  CHAT_RETURN_IF_ERROR(
      CheckRoom(tx, counterparty, pair.stored.counterparty, write.after.counterparty));
  WriteSide(tx, party, counterparty, pair.stored.party, write.after.party, now);
  WriteSide(tx, counterparty, party, pair.stored.counterparty, write.after.counterparty, now);
  const auto [low, high] = std::minmax(party.value, counterparty.value);
  tx.Exec(kWritePair, low, high, write.after.were_friends, write.packet,
          static_cast<int>(write.answer));
  Tell(outbox_, tx, PairKey(party, counterparty), write.changes);
  return absl::OkStatus();
}

absl::Status PgRosterStore::CheckRoom(pg::Tx& tx, RosterId roster, const Side& before,
                                      const Side& after) {
  const bool request = after.state == State::kRequest || after.state == State::kAuthorization;
  if (before.state != State::kNone || !request) return absl::OkStatus();
  if (tx.Exec(kCountContacts, roster.value)[0][0].as<int64_t>() < contacts_per_roster_) {
    return absl::OkStatus();
  }
  full_.Increment();
  return absl::ResourceExhaustedError(
      View("Roster.userlist: roster " + std::to_string(roster.value) + " is full"));
}

absl::Status PgRosterStore::DeliverPair(Deadline deadline, RosterId a, RosterId b) {
  return Deliver(deadline, PairKey(a, b));
}

absl::Status PgRosterStore::DeliverAccount(Deadline deadline, AccountId account) {
  return Deliver(deadline, AccountKey(account));
}

// Whatever keeps messaging from applying: the requester may repeat, the outbox goes on trying.
absl::Status PgRosterStore::Deliver(Deadline deadline, const std::string& key) {
  const absl::Status status = outbox_.Drain(deadline, key);
  if (status.ok()) return status;
  return absl::UnavailableError(View("messaging has not applied " + key + ": " + Message(status)));
}

}  // namespace chat::roster
