#include "services/profile/pg_link_store.h"

#include "libs/base/status.h"
#include "libs/courier/mail_address.h"
#include "libs/courier/secret_code.h"
#include "libs/log/log.h"
#include "services/profile/pg_account.h"
#include "services/profile/services_rules.h"

namespace chat::profile {
namespace {

using courier::FoldedAddress;
using pqxx::binarystring;

// Locks are taken in this order: account counter, target counter; account, link.
constexpr pg::Statement kLockAccount{
    "profile_lock_codes", "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 11))"};
constexpr pg::Statement kLockTarget{"profile_lock_target",
                                    "SELECT pg_advisory_xact_lock(hashtextextended($1, 12))"};
constexpr pg::Statement kCountAccount{
    "profile_count_codes",
    "SELECT count(*) FROM profile.code_sent"
    " WHERE account_id = $1 AND sent_at > now() - interval '1 hour'"};
constexpr pg::Statement kCountTarget{"profile_count_target",
                                     "SELECT count(*) FROM profile.code_sent"
                                     " WHERE target = $1 AND sent_at > now() - interval '1 hour'"};
constexpr pg::Statement kAddSent{
    "profile_add_sent", "INSERT INTO profile.code_sent (account_id, target) VALUES ($1, $2)"};

constexpr pg::Statement kPutLink{
    "profile_put_link",
    "INSERT INTO profile.link (account_id, address, code) VALUES ($1, $2, $3)"
    " ON CONFLICT (account_id, address) DO UPDATE SET code = excluded.code, made = now(), wrong = "
    "0"};
constexpr pg::Statement kLockLive{
    "profile_lock", "SELECT 1 FROM profile.account WHERE id = $1 AND removing IS NULL FOR UPDATE"};
constexpr pg::Statement kLockLink{
    "profile_lock_link",
    "SELECT code, wrong, made < now() - $3 * interval '1 second' AS old FROM profile.link"
    " WHERE account_id = $1 AND address = $2 FOR UPDATE"};
constexpr pg::Statement kCountWrong{
    "profile_count_wrong_link",
    "UPDATE profile.link SET wrong = wrong + 1 WHERE account_id = $1 AND address = $2"};
constexpr pg::Statement kDropLink{
    "profile_drop_link", "DELETE FROM profile.link WHERE account_id = $1 AND address = $2"};

constexpr pg::Statement kSweepLinks{
    "profile_sweep_links",
    "DELETE FROM profile.link WHERE (account_id, address) IN ("
    "  SELECT account_id, address FROM profile.link WHERE made < now() - $1 * interval '1 second'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
constexpr pg::Statement kSweepSent{
    "profile_sweep_sent",
    "DELETE FROM profile.code_sent WHERE id IN ("
    "  SELECT id FROM profile.code_sent WHERE sent_at < now() - interval '1 hour'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};

}  // namespace

absl::StatusOr<bool> PgLinkStore::CountCode(pg::Deadline deadline, AccountId id,
                                            const std::string& target) {
  const CodeRates& rates = limits_.rates;
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (rates.account_per_hour > 0) {
      tx.Exec(kLockAccount, id.value);
      const auto sent = tx.Exec(kCountAccount, id.value)[0][0].as<int64_t>();
      if (sent >= rates.account_per_hour) return false;
    }
    if (rates.target_per_hour > 0) {
      tx.Exec(kLockTarget, target);
      const auto sent = tx.Exec(kCountTarget, target)[0][0].as<int64_t>();
      if (sent >= rates.target_per_hour) return false;
    }
    tx.Exec(kAddSent, id.value, target);
    return true;
  });
}

absl::StatusOr<bool> PgLinkStore::Put(pg::Deadline deadline, AccountId id,
                                      const std::string& address, const std::string& hashed) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    bool added = false;
    const auto add = [&](v1::Profile* profile) {
      added = AddMail(profile, address, static_cast<size_t>(limits_.addresses));
    };
    CHAT_ASSIGN_OR_RETURN(std::optional<Account> account, ChangeAccount(tx, outbox_, id, add));
    if (!account || !added) return false;
    tx.Exec(kPutLink, id.value, FoldedAddress(address), binarystring(hashed));
    return true;
  });
}

absl::StatusOr<bool> PgLinkStore::Verify(pg::Deadline deadline, AccountId id,
                                         const std::string& address, const std::string& code) {
  const std::string folded = FoldedAddress(address);
  const auto judge = [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (tx.Exec(kLockLive, id.value).empty()) return false;
    pqxx::result rows = tx.Exec(kLockLink, id.value, folded, limits_.life.seconds);
    if (rows.empty() || rows[0]["old"].as<bool>()) return false;
    if (rows[0]["wrong"].as<int64_t>() >= limits_.life.wrong_tries) return false;
    if (!courier::IsCode(code, binarystring(rows[0]["code"]).str())) {
      tx.Exec(kCountWrong, id.value, folded);
      return false;
    }
    tx.Exec(kDropLink, id.value, folded);
    CHAT_ASSIGN_OR_RETURN(std::optional<Account> account,
                          ChangeAccount(tx, outbox_, id, [&](v1::Profile* profile) {
                            VerifyMail(profile, address);
                          }));
    return account.has_value();
  };
  CHAT_ASSIGN_OR_RETURN(bool verified, pool_.Get<bool>(deadline, judge));
  if (!verified) return false;
  // The code is used: a failure must not send the user back to it. The outbox goes on by itself.
  if (absl::Status told = outbox_.Drain(deadline, KeyOf(id)); !told.ok()) {
    log::Warn("the directory has yet to learn of an address",
              {{"account", id.value}, {"why", Message(told)}});
  }
  return true;
}

absl::StatusOr<int64_t> PgLinkStore::Sweep(pg::Deadline deadline) {
  return pool_.Get<int64_t>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<int64_t> {
    const int64_t links = tx.Exec(kSweepLinks, limits_.life.seconds).affected_rows();
    return links + static_cast<int64_t>(tx.Exec(kSweepSent).affected_rows());
  });
}

}  // namespace chat::profile
