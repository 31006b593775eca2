#include "services/auth/pg_code_store.h"

#include "services/auth/client_ids.h"

namespace chat::auth {
namespace {

using pqxx::binarystring;

// Locks are taken in this order everywhere: pending row, account, phone, address, client id.
constexpr pg::Statement kLockPending{
    "auth_lock_pending",
    "SELECT phone, dev_key, os, jwt, code, wrong, coalesce(session_id, 0) AS session_id,"
    "  floor(extract(epoch FROM now() - code_at))::bigint AS code_age_s,"
    "  floor(extract(epoch FROM now() - verified_at))::bigint AS verified_s"
    " FROM auth.pending WHERE client_id = $1 FOR UPDATE"};
constexpr pg::Statement kLockPhone{"auth_lock_phone",
                                   "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))"};
constexpr pg::Statement kLockAddress{"auth_lock_address",
                                     "SELECT pg_advisory_xact_lock(hashtextextended($1, 2))"};
constexpr pg::Statement kLockClientId{
    "auth_lock_client_id", "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 3))"};

constexpr pg::Statement kCountPhone{"auth_count_phone",
                                    "SELECT count(*) FROM auth.code_sent"
                                    " WHERE phone = $1 AND sent_at > now() - interval '1 hour'"};
constexpr pg::Statement kCountAddress{
    "auth_count_address",
    "SELECT count(*) FROM auth.code_sent"
    " WHERE address = $1 AND sent_at > now() - interval '1 minute'"};
constexpr pg::Statement kAddSent{"auth_add_sent",
                                 "INSERT INTO auth.code_sent (phone, address) VALUES ($1, $2)"};

constexpr pg::Statement kPutPending{
    "auth_put_pending",
    "INSERT INTO auth.pending (client_id, phone, dev_key, os, jwt, code)"
    " VALUES ($1, $2, $3, $4, $5, $6)"
    " ON CONFLICT (client_id) DO UPDATE SET phone = excluded.phone, dev_key = excluded.dev_key,"
    "  os = excluded.os, jwt = excluded.jwt, code = excluded.code, code_at = now(), wrong = 0,"
    "  verified_at = NULL, session_id = NULL"};
constexpr pg::Statement kNewCode{
    "auth_new_code",
    "UPDATE auth.pending SET code = $2, jwt = false, code_at = now() WHERE client_id = $1"};
constexpr pg::Statement kCountWrong{
    "auth_count_wrong", "UPDATE auth.pending SET wrong = wrong + 1 WHERE client_id = $1"};
constexpr pg::Statement kMarkVerified{
    "auth_mark_verified",
    "UPDATE auth.pending SET verified_at = now(), session_id = $2 WHERE client_id = $1"};

constexpr pg::Statement kLockAccount{"auth_lock_account",
                                     "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 5))"};
constexpr pg::Statement kHasLeft{
    "auth_has_left", "SELECT 1 FROM auth.account WHERE id = $1 AND phone IS DISTINCT FROM $2"};

constexpr pg::Statement kLockOwner{
    "auth_lock_owner", "SELECT phone, dev_key FROM auth.session WHERE client_id = $1 FOR UPDATE"};
constexpr pg::Statement kDropSession{"auth_drop_session",
                                     "DELETE FROM auth.session WHERE client_id = $1"};
constexpr pg::Statement kAddSession{
    "auth_add_session",
    "INSERT INTO auth.session (client_id, account_id, phone, dev_key, os)"
    " VALUES ($1, $2, $3, $4, $5) RETURNING id"};
constexpr pg::Statement kAddFirstToken{"auth_add_first_token",
                                       "INSERT INTO auth.token (session_id, hash, expires)"
                                       " VALUES ($1, $2, now() + $3 * interval '1 second')"};
constexpr pg::Statement kDropTokens{"auth_drop_tokens",
                                    "DELETE FROM auth.token WHERE session_id = $1"};
constexpr pg::Statement kSessionClientId{
    "auth_session_client_id", "SELECT client_id FROM auth.session WHERE id = $1 FOR UPDATE"};

binarystring Bytes(const std::string& text) { return binarystring(text); }
std::string Text(const pqxx::field& field) { return binarystring(field).str(); }

std::optional<Pending> LockPending(pg::Tx& tx, const std::string& client_id) {
  pqxx::result rows = tx.Exec(kLockPending, Bytes(client_id));
  if (rows.empty()) return std::nullopt;
  const pqxx::row row = rows[0];
  Pending pending;
  pending.phone = row["phone"].as<std::string>();
  pending.dev_key = Text(row["dev_key"]);
  pending.os = row["os"].as<std::string>();
  pending.jwt = row["jwt"].as<bool>();
  pending.code = row["code"].as<std::string>();
  pending.code_age_s = row["code_age_s"].as<int64_t>();
  pending.wrong_tries = row["wrong"].as<int64_t>();
  if (!row["verified_s"].is_null()) pending.verified_s = row["verified_s"].as<int64_t>();
  pending.session_id = row["session_id"].as<int64_t>();
  return pending;
}

bool Goes(VerifyVerdict verdict) {
  return verdict == VerifyVerdict::kAccept || verdict == VerifyVerdict::kAgain;
}

}  // namespace

bool PgCodeStore::CountCode(pg::Tx& tx, const std::string& phone, const std::string& address) {
  if (rates_.phone_per_hour > 0) {
    tx.Exec(kLockPhone, phone);
    if (tx.Exec(kCountPhone, phone)[0][0].as<int64_t>() >= rates_.phone_per_hour) return false;
  }
  if (rates_.address_per_minute > 0 && !address.empty()) {
    tx.Exec(kLockAddress, address);
    if (tx.Exec(kCountAddress, address)[0][0].as<int64_t>() >= rates_.address_per_minute) {
      return false;
    }
  }
  tx.Exec(kAddSent, phone, address);
  return true;
}

absl::StatusOr<bool> PgCodeStore::Register(pg::Deadline deadline,
                                           const Registration& registration) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    LockPending(tx, registration.client_id);
    if (!CountCode(tx, registration.phone, registration.address)) return false;
    tx.Exec(kPutPending, Bytes(registration.client_id), registration.phone,
            Bytes(registration.dev_key), registration.os, registration.jwt, registration.code);
    return true;
  });
}

absl::StatusOr<bool> PgCodeStore::Count(pg::Deadline deadline, const std::string& phone,
                                        const std::string& address) {
  return pool_.Get<bool>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> { return CountCode(tx, phone, address); });
}

absl::StatusOr<CodeAnswer> PgCodeStore::RepeatCode(pg::Deadline deadline,
                                                   const CodeRequest& request,
                                                   const SendJudge& judge) {
  return pool_.Get<CodeAnswer>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<CodeAnswer> {
    std::optional<Pending> pending = LockPending(tx, request.client_id);
    CodeAnswer answer{.verdict = judge(pending)};
    if (answer.verdict != SendVerdict::kSame && answer.verdict != SendVerdict::kNew) return answer;
    answer.within_limits = CountCode(tx, pending->phone, request.address);
    if (!answer.within_limits) return answer;
    answer.pending = *std::move(pending);
    if (answer.verdict == SendVerdict::kNew) {
      answer.pending.code = request.new_code(answer.pending.phone);
      tx.Exec(kNewCode, Bytes(request.client_id), answer.pending.code);
    }
    return answer;
  });
}

absl::StatusOr<VerifyAnswer> PgCodeStore::TryCode(pg::Deadline deadline,
                                                  const std::string& client_id,
                                                  const VerifyJudge& judge) {
  return pool_.Get<VerifyAnswer>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<VerifyAnswer> {
    std::optional<Pending> pending = LockPending(tx, client_id);
    VerifyAnswer answer{.verdict = judge(pending)};
    if (answer.verdict == VerifyVerdict::kWrong || answer.verdict == VerifyVerdict::kNoneTried) {
      tx.Exec(kCountWrong, Bytes(client_id));
    }
    if (Goes(answer.verdict)) answer.pending = *std::move(pending);
    return answer;
  });
}

absl::StatusOr<OpenedSession> PgCodeStore::OpenSession(pg::Deadline deadline,
                                                       const NewSession& session,
                                                       const VerifyJudge& judge) {
  return pool_.Get<OpenedSession>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<OpenedSession> {
    std::optional<Pending> pending = LockPending(tx, session.client_id);
    switch (VerifyVerdict verdict = judge(pending)) {
      case VerifyVerdict::kAccept:
        tx.Exec(kLockAccount, session.account_id);
        if (!tx.Exec(kHasLeft, session.account_id, pending->phone).empty()) {
          return absl::UnavailableError("the account has just been removed or renamed");
        }
        return Replace(tx, session, *pending);
      case VerifyVerdict::kAgain:
        return Refresh(tx, session, *pending);
      default:
        return OpenedSession{.verdict = verdict};
    }
  });
}

OpenedSession PgCodeStore::Replace(pg::Tx& tx, const NewSession& session, const Pending& pending) {
  std::string client_id = session.session_id;
  tx.Exec(kLockClientId, Bytes(client_id));
  pqxx::result owners = tx.Exec(kLockOwner, Bytes(client_id));
  if (!owners.empty()) {
    Owner owner{owners[0]["phone"].as<std::string>(), Text(owners[0]["dev_key"])};
    if (MayReplace(owner, {pending.phone, pending.dev_key})) {
      tx.Exec(kDropSession, Bytes(client_id));
    } else {
      client_id = session.other_id;
    }
  }
  int64_t id = tx.Exec(kAddSession, Bytes(client_id), session.account_id, pending.phone,
                       Bytes(pending.dev_key), pending.os)[0][0]
                   .as<int64_t>();
  tx.Exec(kAddFirstToken, id, Bytes(session.token_hash), token_life_s_);
  tx.Exec(kMarkVerified, Bytes(session.client_id), id);
  return {.verdict = VerifyVerdict::kAccept, .client_id = client_id};
}

OpenedSession PgCodeStore::Refresh(pg::Tx& tx, const NewSession& session, const Pending& pending) {
  pqxx::result rows = tx.Exec(kSessionClientId, pending.session_id);
  if (rows.empty()) return {.verdict = VerifyVerdict::kNone};
  tx.Exec(kDropTokens, pending.session_id);
  tx.Exec(kAddFirstToken, pending.session_id, Bytes(session.token_hash), token_life_s_);
  return {.verdict = VerifyVerdict::kAgain, .client_id = Text(rows[0][0])};
}

}  // namespace chat::auth
