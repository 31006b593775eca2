#include "services/profile/pg_profile_store.h"

#include "libs/base/status.h"
#include "services/profile/pg_account.h"

namespace chat::profile {
namespace {

using pqxx::binarystring;

constexpr pg::Statement kByPhone{
    "profile_by_phone",
    "SELECT id, removing IS NOT NULL AS removing FROM profile.account WHERE phone = $1"};
constexpr pg::Statement kAdd{"profile_add",
                             "INSERT INTO profile.account (phone) VALUES ($1)"
                             " ON CONFLICT (phone) DO NOTHING RETURNING id, false AS removing"};
constexpr pg::Statement kLock{
    "profile_lock", "SELECT 1 FROM profile.account WHERE id = $1 AND removing IS NULL FOR UPDATE"};
constexpr pg::Statement kPerson{"profile_person",
                                "SELECT fields FROM profile.person WHERE account_id = $1"};
constexpr pg::Statement kPutPerson{
    "profile_put_person",
    "INSERT INTO profile.person (account_id, fields) VALUES ($1, $2)"
    " ON CONFLICT (account_id) DO UPDATE SET fields = excluded.fields"};

absl::StatusOr<v1::Person> ReadPerson(pg::Tx& tx, AccountId id) {
  v1::Person person;
  pqxx::result rows = tx.Exec(kPerson, id.value);
  if (!rows.empty() && !person.ParseFromString(binarystring(rows[0][0]).str())) {
    return absl::DataLossError("profile.person: fields cannot be read");
  }
  return person;
}

}  // namespace

absl::StatusOr<Ensured> PgProfileStore::Ensure(pg::Deadline deadline, const std::string& phone) {
  return pool_.Get<Ensured>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Ensured> {
    pqxx::result rows = tx.Exec(kByPhone, phone);
    if (rows.empty()) rows = tx.Exec(kAdd, phone);
    // Another has just added it: a new statement sees what that one has committed.
    if (rows.empty()) rows = tx.Exec(kByPhone, phone);
    if (rows.empty()) return absl::AbortedError("profile.account: added and removed at once");
    return Ensured{AccountId{rows[0]["id"].as<int64_t>()}, rows[0]["removing"].as<bool>()};
  });
}

absl::StatusOr<std::optional<Account>> PgProfileStore::Find(pg::Deadline deadline, AccountId id) {
  return pool_.Read<std::optional<Account>>(deadline,
                                           [&](pg::Tx& tx) { return FindAccount(tx, id); });
}

absl::StatusOr<std::optional<Account>> PgProfileStore::Change(
    pg::Deadline deadline, AccountId id, const std::function<void(v1::Profile*)>& change) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Account> account,
                        pool_.Get<std::optional<Account>>(deadline, [&](pg::Tx& tx) {
                          return ChangeAccount(tx, outbox_, id, change);
                        }));
  if (account) CHAT_RETURN_IF_ERROR(outbox_.Drain(deadline, KeyOf(id)));
  return account;
}

absl::StatusOr<v1::Person> PgProfileStore::FindPerson(pg::Deadline deadline, AccountId id) {
  return pool_.Read<v1::Person>(deadline, [&](pg::Tx& tx) { return ReadPerson(tx, id); });
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
