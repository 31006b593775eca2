#include "services/profile/pg_account.h"

#include "libs/base/status.h"
#include "services/profile/services_rules.h"

namespace chat::profile {
namespace {

using pqxx::binarystring;

#define PROFILE_COLUMNS                          \
  "phone, balance, services, settings, version," \
  " floor(extract(epoch FROM updated) * 1000)::bigint AS update_ms"
constexpr pg::Statement kFind{"profile_find", "SELECT " PROFILE_COLUMNS
                                              " FROM profile.account"
                                              " WHERE id = $1 AND removing IS NULL"};
constexpr pg::Statement kFindLocked{"profile_find_locked", "SELECT " PROFILE_COLUMNS
                                                           " FROM profile.account WHERE id = $1"
                                                           " AND removing IS NULL FOR UPDATE"};
// `update` of one object never decreases (PROTOCOL 4.4).
constexpr pg::Statement kChange{
    "profile_change",
    "UPDATE profile.account SET updated = greatest(now(), updated), services = $2, settings = $3,"
    " version = $4 WHERE id = $1 RETURNING " PROFILE_COLUMNS};
#undef PROFILE_COLUMNS

std::string Text(const pqxx::field& field) { return binarystring(field).str(); }

absl::StatusOr<Account> ReadAccount(AccountId id, const pqxx::row& row) {
  Account account{.id = id, .profile = {}};
  // Both columns hold one list each of the same message: merged, they are the profile.
  if (!account.profile.MergeFromString(Text(row["services"])) ||
      !account.profile.MergeFromString(Text(row["settings"]))) {
    return absl::DataLossError("profile.account: services or settings cannot be read");
  }
  account.profile.set_phone(row["phone"].as<std::string>());
  account.profile.set_balance(row["balance"].as<int64_t>());
  account.profile.set_update(row["update_ms"].as<int64_t>());
  return account;
}

}  // namespace

std::string KeyOf(AccountId id) { return "account:" + std::to_string(id.value); }

absl::StatusOr<std::optional<Account>> FindAccount(pg::Tx& tx, AccountId id) {
  pqxx::result rows = tx.Exec(kFind, id.value);
  if (rows.empty()) return std::optional<Account>();
  return ReadAccount(id, rows[0]);
}

absl::StatusOr<std::optional<Account>> ChangeAccount(
    pg::Tx& tx, pg::Outbox& outbox, AccountId id, const std::function<void(v1::Profile*)>& change) {
  pqxx::result rows = tx.Exec(kFindLocked, id.value);
  if (rows.empty()) return std::optional<Account>();
  CHAT_ASSIGN_OR_RETURN(Account account, ReadAccount(id, rows[0]));
  int64_t version = rows[0]["version"].as<int64_t>();
  v1::PutAccountRequest before = DirectoryEntry(account.profile);
  change(&account.profile);
  v1::PutAccountRequest after = DirectoryEntry(account.profile);
  if (before.SerializeAsString() != after.SerializeAsString()) {
    after.set_account_id(id.value);
    after.set_version(++version);
    outbox.Add(tx, KeyOf(id), after.SerializeAsString());
  }
  v1::Profile services, settings;
  *services.mutable_services() = account.profile.services();
  *settings.mutable_settings() = account.profile.settings();
  rows = tx.Exec(kChange, id.value, binarystring(services.SerializeAsString()),
                 binarystring(settings.SerializeAsString()), version);
  return ReadAccount(id, rows[0]);
}

}  // namespace chat::profile
