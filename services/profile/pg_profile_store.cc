#include "services/profile/pg_profile_store.h"

#include "libs/base/status.h"

namespace chat::profile {
namespace {

using pqxx::binarystring;

constexpr pg::Statement kByPhone{"profile_by_phone",
                                 "SELECT id FROM profile.account WHERE phone = $1"};
constexpr pg::Statement kAdd{
    "profile_add",
    "INSERT INTO profile.account (phone) VALUES ($1) ON CONFLICT (phone) DO NOTHING RETURNING id"};
#define PROFILE_COLUMNS                 \
  "phone, balance, services, settings," \
  " floor(extract(epoch FROM updated) * 1000)::bigint AS update_ms"
constexpr pg::Statement kFind{"profile_find",
                              "SELECT " PROFILE_COLUMNS " FROM profile.account WHERE id = $1"};
// `update` of one object never decreases (PROTOCOL 4.4).
constexpr pg::Statement kSetSettings{
    "profile_set_settings",
    "UPDATE profile.account SET updated = greatest(now(), updated),"
    "  settings = CASE WHEN $2 = ''::bytea THEN settings ELSE $2 END"
    " WHERE id = $1 RETURNING " PROFILE_COLUMNS};
#undef PROFILE_COLUMNS
constexpr pg::Statement kLock{"profile_lock",
                              "SELECT 1 FROM profile.account WHERE id = $1 FOR UPDATE"};
constexpr pg::Statement kPerson{"profile_person",
                                "SELECT fields FROM profile.person WHERE account_id = $1"};
constexpr pg::Statement kPutPerson{
    "profile_put_person",
    "INSERT INTO profile.person (account_id, fields) VALUES ($1, $2)"
    " ON CONFLICT (account_id) DO UPDATE SET fields = excluded.fields"};

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

absl::StatusOr<v1::Person> ReadPerson(pg::Tx& tx, AccountId id) {
  v1::Person person;
  pqxx::result rows = tx.Exec(kPerson, id.value);
  if (!rows.empty() && !person.ParseFromString(Text(rows[0][0]))) {
    return absl::DataLossError("profile.person: fields cannot be read");
  }
  return person;
}

}  // namespace

absl::StatusOr<AccountId> PgProfileStore::Ensure(pg::Deadline deadline, const std::string& phone) {
  return pool_.Get<AccountId>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<AccountId> {
    pqxx::result rows = tx.Exec(kByPhone, phone);
    if (rows.empty()) rows = tx.Exec(kAdd, phone);
    // Another has just added it: a new statement sees what that one has committed.
    if (rows.empty()) rows = tx.Exec(kByPhone, phone);
    if (rows.empty()) return absl::AbortedError("profile.account: added and removed at once");
    return AccountId{rows[0][0].as<int64_t>()};
  });
}

absl::StatusOr<std::optional<Account>> PgProfileStore::Find(pg::Deadline deadline, AccountId id) {
  using Found = std::optional<Account>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kFind, id.value);
    if (rows.empty()) return Found();
    return ReadAccount(id, rows[0]);
  });
}

absl::StatusOr<std::optional<Account>> PgProfileStore::SetSettings(pg::Deadline deadline,
                                                                   AccountId id,
                                                                   const v1::Profile& settings) {
  using Found = std::optional<Account>;
  v1::Profile only;
  *only.mutable_settings() = settings.settings();
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kSetSettings, id.value, binarystring(only.SerializeAsString()));
    if (rows.empty()) return Found();
    return ReadAccount(id, rows[0]);
  });
}

absl::StatusOr<v1::Person> PgProfileStore::FindPerson(pg::Deadline deadline, AccountId id) {
  return pool_.Get<v1::Person>(deadline, [&](pg::Tx& tx) { return ReadPerson(tx, id); });
}

absl::StatusOr<std::optional<v1::Person>> PgProfileStore::ChangePerson(
    pg::Deadline deadline, AccountId id, const std::function<void(v1::Person*)>& change) {
  using Found = std::optional<v1::Person>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    if (tx.Exec(kLock, id.value).empty()) return Found();
    CHAT_ASSIGN_OR_RETURN(v1::Person person, ReadPerson(tx, id));
    change(&person);
    tx.Exec(kPutPerson, id.value, binarystring(person.SerializeAsString()));
    return Found(std::move(person));
  });
}

}  // namespace chat::profile
