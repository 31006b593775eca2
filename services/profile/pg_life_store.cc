#include "services/profile/pg_life_store.h"

#include "libs/base/status.h"
#include "libs/courier/secret_code.h"
#include "services/profile/pg_account.h"

namespace chat::profile {
namespace {

using pqxx::binarystring;

// Locks are taken in this order: account, move.
constexpr pg::Statement kBeginRemoval{
    "profile_begin_removal",
    "UPDATE profile.account SET removing = now() WHERE id = $1 RETURNING phone"};
constexpr pg::Statement kDropOutbox{"profile_drop_outbox",
                                    "DELETE FROM profile.outbox WHERE key = $1"};
constexpr pg::Statement kDropAccount{
    "profile_drop_account", "DELETE FROM profile.account WHERE id = $1 AND removing IS NOT NULL"};

constexpr pg::Statement kHasPhone{"profile_has_phone",
                                  "SELECT 1 FROM profile.account WHERE phone = $1"};
constexpr pg::Statement kLockLive{
    "profile_lock", "SELECT 1 FROM profile.account WHERE id = $1 AND removing IS NULL FOR UPDATE"};
constexpr pg::Statement kPutMove{
    "profile_put_move",
    "INSERT INTO profile.move (account_id, phone, code) VALUES ($1, $2, $3)"
    " ON CONFLICT (account_id) DO UPDATE SET phone = excluded.phone, code = excluded.code,"
    "  made = now(), wrong = 0, moved = false"};
constexpr pg::Statement kLockMove{
    "profile_lock_move",
    "SELECT code, wrong, moved, made < now() - $3 * interval '1 second' AS old FROM profile.move"
    " WHERE account_id = $1 AND phone = $2 FOR UPDATE"};
constexpr pg::Statement kCountWrong{
    "profile_count_wrong_move", "UPDATE profile.move SET wrong = wrong + 1 WHERE account_id = $1"};
constexpr pg::Statement kSetPhone{
    "profile_set_phone",
    "UPDATE profile.account SET phone = $2, updated = greatest(now(), updated) WHERE id = $1"};
constexpr pg::Statement kMoved{"profile_moved",
                               "UPDATE profile.move SET moved = true WHERE account_id = $1"};
constexpr pg::Statement kAddRename{"profile_add_rename",
                                   "INSERT INTO profile.rename (account_id) VALUES ($1)"
                                   " ON CONFLICT (account_id) DO UPDATE SET begun = now()"};
constexpr pg::Statement kDropRename{"profile_drop_rename",
                                    "DELETE FROM profile.rename r USING profile.account a"
                                    " WHERE r.account_id = $1 AND a.id = $1 AND a.phone = $2"};

constexpr pg::Statement kClaimRemovals{
    "profile_claim_removals",
    "UPDATE profile.account SET removing = now() WHERE id IN ("
    "  SELECT id FROM profile.account WHERE removing < now() - interval '10 seconds'"
    "   ORDER BY removing LIMIT 10 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, phone"};
constexpr pg::Statement kClaimRenames{
    "profile_claim_renames",
    "UPDATE profile.rename r SET begun = now() FROM profile.account a"
    " WHERE a.id = r.account_id AND r.account_id IN ("
    "  SELECT account_id FROM profile.rename WHERE begun < now() - interval '10 seconds'"
    "   ORDER BY begun LIMIT 10 FOR UPDATE SKIP LOCKED)"
    " RETURNING a.id, a.phone"};
constexpr pg::Statement kSweepMoves{
    "profile_sweep_moves",
    "DELETE FROM profile.move WHERE account_id IN ("
    "  SELECT account_id FROM profile.move WHERE made < now() - $1 * interval '1 second'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};

}  // namespace

absl::StatusOr<std::optional<Unsettled>> PgLifeStore::BeginRemoval(pg::Deadline deadline,
                                                                   AccountId id) {
  using Found = std::optional<Unsettled>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kBeginRemoval, id.value);
    if (rows.empty()) return Found();
    return Found(Unsettled{id, rows[0][0].as<std::string>()});
  });
}

absl::Status PgLifeStore::Removed(pg::Deadline deadline, AccountId id) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kDropOutbox, KeyOf(id));
    tx.Exec(kDropAccount, id.value);
    return absl::OkStatus();
  });
}

absl::StatusOr<bool> PgLifeStore::HasPhone(pg::Deadline deadline, const std::string& phone) {
  return pool_.Read<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return !tx.Exec(kHasPhone, phone).empty();
  });
}

absl::StatusOr<bool> PgLifeStore::PutMove(pg::Deadline deadline, AccountId id,
                                          const std::string& phone, const std::string& hashed) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (tx.Exec(kLockLive, id.value).empty()) return false;
    tx.Exec(kPutMove, id.value, phone, binarystring(hashed));
    return true;
  });
}

absl::StatusOr<MoveVerdict> PgLifeStore::Move(pg::Deadline deadline, AccountId id,
                                              const std::string& phone, const std::string& code) {
  const auto move = [&](pg::Tx& tx) -> absl::StatusOr<MoveVerdict> {
    if (tx.Exec(kLockLive, id.value).empty()) return MoveVerdict::kRefused;
    pqxx::result rows = tx.Exec(kLockMove, id.value, phone, life_.seconds);
    if (rows.empty() || rows[0]["old"].as<bool>()) return MoveVerdict::kRefused;
    if (rows[0]["wrong"].as<int64_t>() >= life_.wrong_tries) return MoveVerdict::kRefused;
    if (!courier::IsCode(code, binarystring(rows[0]["code"]).str())) {
      tx.Exec(kCountWrong, id.value);
      return MoveVerdict::kRefused;
    }
    if (rows[0]["moved"].as<bool>()) return MoveVerdict::kAgain;
    tx.Exec(kSetPhone, id.value, phone);
    tx.Exec(kMoved, id.value);
    tx.Exec(kAddRename, id.value);
    return MoveVerdict::kMoved;
  };
  absl::StatusOr<MoveVerdict> verdict = pool_.Get<MoveVerdict>(deadline, move);
  // The phone is unique.
  if (absl::IsAlreadyExists(verdict.status())) return MoveVerdict::kTaken;
  return verdict;
}

absl::Status PgLifeStore::Renamed(pg::Deadline deadline, AccountId id, const std::string& phone) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kDropRename, id.value, phone);
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Unsettled>> PgLifeStore::Claim(pg::Deadline deadline,
                                                          const pg::Statement& statement) {
  using Rows = std::vector<Unsettled>;
  return pool_.Get<Rows>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Rows> {
    Rows claimed;
    for (const pqxx::row& row : tx.Exec(statement)) {
      claimed.push_back({AccountId{row["id"].as<int64_t>()}, row["phone"].as<std::string>()});
    }
    return claimed;
  });
}

absl::StatusOr<std::vector<Unsettled>> PgLifeStore::ClaimRemovals(pg::Deadline deadline) {
  return Claim(deadline, kClaimRemovals);
}

absl::StatusOr<std::vector<Unsettled>> PgLifeStore::ClaimRenames(pg::Deadline deadline) {
  return Claim(deadline, kClaimRenames);
}

absl::StatusOr<int64_t> PgLifeStore::Sweep(pg::Deadline deadline) {
  return pool_.Get<int64_t>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<int64_t> {
    return static_cast<int64_t>(tx.Exec(kSweepMoves, life_.seconds).affected_rows());
  });
}

}  // namespace chat::profile
