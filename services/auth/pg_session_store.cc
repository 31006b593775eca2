#include "services/auth/pg_session_store.h"

#include <optional>

#include "libs/base/status.h"

namespace chat::auth {
namespace {

using pqxx::binarystring;

// $2: the renewal window in seconds.
#define AUTH_SESSION_WITH_TOKENS                                      \
  "SELECT s.id, s.client_id, s.account_id, s.phone, s.dev_key, s.os," \
  "  t.id AS token_id, t.hash, t.expires > now() AS live,"            \
  "  t.expires + $2 * interval '1 second' > now() AS renewable"       \
  " FROM auth.session s LEFT JOIN auth.token t ON t.session_id = s.id"
constexpr pg::Statement kByClient{"auth_session_by_client",
                                  AUTH_SESSION_WITH_TOKENS " WHERE s.client_id = $1 ORDER BY t.id"};
constexpr pg::Statement kByToken{
    "auth_session_by_token", AUTH_SESSION_WITH_TOKENS
    " WHERE s.id = (SELECT session_id FROM auth.token WHERE hash = $1) ORDER BY t.id"};
#undef AUTH_SESSION_WITH_TOKENS

constexpr pg::Statement kConnected{"auth_connected", "SELECT auth.connected($1, $2, $3, $4)"};
constexpr pg::Statement kLazyCommit{"auth_lazy_commit",
                                    "SELECT set_config('synchronous_commit', 'off', true)"};
constexpr pg::Statement kLock{"auth_lock_session",
                              "SELECT 1 FROM auth.session WHERE id = $1 FOR UPDATE"};
constexpr pg::Statement kAddToken{"auth_add_token", "SELECT auth.add_token($1, $2, $3)"};
constexpr pg::Statement kEnd{"auth_end",
                             "DELETE FROM auth.session WHERE account_id = $1 AND client_id = $2"};

constexpr pg::Statement kDropPending{
    "auth_drop_pending",
    "DELETE FROM auth.pending WHERE client_id IN (SELECT client_id FROM auth.pending"
    " WHERE phone = $1 ORDER BY client_id FOR UPDATE)"};
constexpr pg::Statement kLockAccount{"auth_lock_account",
                                     "SELECT pg_advisory_xact_lock(hashtextextended($1::text, 5))"};
constexpr pg::Statement kPutAccount{
    "auth_put_account",
    "INSERT INTO auth.account (id, phone) VALUES ($1, $2)"
    " ON CONFLICT (id) DO UPDATE SET phone = excluded.phone, changed = now()"};
constexpr pg::Statement kRenameSessions{"auth_rename_sessions",
                                        "UPDATE auth.session SET phone = $2 WHERE account_id = $1"};
constexpr pg::Statement kDropSessions{"auth_drop_sessions",
                                      "DELETE FROM auth.session WHERE account_id = $1"};

constexpr pg::Statement kLockPush{
    "auth_lock_push", "SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 4))"};
constexpr pg::Statement kTakePush{"auth_take_push",
                                  "UPDATE auth.session SET push = NULL"
                                  " WHERE sha256(push) = sha256($1) AND push = $1 AND id <> $2"};
constexpr pg::Statement kSetPush{
    "auth_set_push",
    "UPDATE auth.session SET push = nullif($2::bytea, ''::bytea), os = $3 WHERE id = $1"};
constexpr pg::Statement kSetOs{"auth_set_os", "UPDATE auth.session SET os = $2 WHERE id = $1"};

constexpr pg::Statement kList{
    "auth_list",
    "SELECT id, client_id, account_id, phone, dev_key, os,"
    "  floor(extract(epoch FROM created) * 1000)::bigint AS created_ms,"
    "  floor(extract(epoch FROM last_online) * 1000)::bigint AS last_online_ms"
    " FROM auth.session WHERE account_id = $1"
    " ORDER BY client_id <> $2, created, id LIMIT 1000"};
constexpr pg::Statement kGone{"auth_gone",
                              "SELECT asked FROM unnest($1::bigint[]) AS asked"
                              " WHERE NOT EXISTS (SELECT 1 FROM auth.session WHERE id = asked)"};
constexpr pg::Statement kStillOnline{
    "auth_still_online",
    "UPDATE auth.session SET last_online = now() WHERE id IN ("
    "  SELECT id FROM auth.session WHERE id = ANY($1::bigint[])"
    "   AND last_online < now() - interval '1 hour' ORDER BY id FOR UPDATE SKIP LOCKED)"};

constexpr pg::Statement kInitTokenLives{
    "auth_init_token_lives", "SELECT 1 FROM auth.init_token WHERE hash = $1 AND expires > now()"};
constexpr pg::Statement kPutInitToken{
    "auth_put_init_token",
    "INSERT INTO auth.init_token (client_id, hash, expires)"
    " VALUES ($1, $2, now() + interval '15 minutes')"
    " ON CONFLICT (client_id) DO UPDATE SET hash = excluded.hash, expires = excluded.expires"};

// A row outlives its code by an hour, so that a late verification learns that it is late.
constexpr pg::Statement kSweepPending{
    "auth_sweep_pending",
    "DELETE FROM auth.pending WHERE client_id IN ("
    "  SELECT client_id FROM auth.pending"
    "   WHERE code_at < now() - $1 * interval '1 second' - interval '1 hour'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
constexpr pg::Statement kSweepCodeSent{
    "auth_sweep_code_sent",
    "DELETE FROM auth.code_sent WHERE id IN ("
    "  SELECT id FROM auth.code_sent WHERE sent_at < now() - interval '1 hour'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
constexpr pg::Statement kSweepTokens{
    "auth_sweep_tokens",
    "DELETE FROM auth.token WHERE id IN ("
    "  SELECT id FROM auth.token WHERE expires < now() - $1 * interval '1 second'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
constexpr pg::Statement kSweepInitTokens{
    "auth_sweep_init_tokens",
    "DELETE FROM auth.init_token WHERE client_id IN ("
    "  SELECT client_id FROM auth.init_token WHERE expires < now()"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
constexpr pg::Statement kSweepAccounts{
    "auth_sweep_accounts",
    "DELETE FROM auth.account WHERE id IN ("
    "  SELECT id FROM auth.account WHERE changed < now() - interval '1 day'"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};
// Without a token nobody can ever be this session again; but who is still connected stays (O11).
constexpr pg::Statement kSweepSessions{
    "auth_sweep_sessions",
    "DELETE FROM auth.session WHERE id IN ("
    "  SELECT id FROM auth.session s WHERE last_online < now() - interval '1 day'"
    "   AND NOT EXISTS (SELECT 1 FROM auth.token WHERE session_id = s.id)"
    "   LIMIT 1000 FOR UPDATE SKIP LOCKED)"};

binarystring Bytes(const std::string& text) { return binarystring(text); }
std::string Text(const pqxx::field& field) { return binarystring(field).str(); }

Session ReadSession(const pqxx::row& row) {
  Session session;
  session.id = row["id"].as<int64_t>();
  session.client_id = Text(row["client_id"]);
  session.account_id = row["account_id"].as<int64_t>();
  session.phone = row["phone"].as<std::string>();
  session.dev_key = Text(row["dev_key"]);
  session.os = row["os"].as<std::string>();
  return session;
}

StoredToken ReadToken(const pqxx::row& row) {
  TokenState state = row["live"].as<bool>()        ? TokenState::kLive
                     : row["renewable"].as<bool>() ? TokenState::kRenewable
                                                   : TokenState::kDead;
  return {row["token_id"].as<int64_t>(), Text(row["hash"]), state};
}

}  // namespace

absl::StatusOr<std::optional<Session>> PgSessionStore::Find(pg::Deadline deadline,
                                                            const pg::Statement& statement,
                                                            const std::string& key) {
  using Found = std::optional<Session>;
  return pool_.Read<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(statement, Bytes(key), life_.renew_s);
    if (rows.empty()) return Found();
    Session session = ReadSession(rows[0]);
    for (const pqxx::row& row : rows) {
      if (!row["token_id"].is_null()) session.tokens.push_back(ReadToken(row));
    }
    return Found(std::move(session));
  });
}

absl::StatusOr<std::optional<Session>> PgSessionStore::FindByClient(pg::Deadline deadline,
                                                                    const std::string& client_id) {
  return Find(deadline, kByClient, client_id);
}

absl::StatusOr<std::optional<Session>> PgSessionStore::FindByToken(pg::Deadline deadline,
                                                                   const std::string& hash) {
  return Find(deadline, kByToken, hash);
}

absl::StatusOr<bool> PgSessionStore::Connected(pg::Deadline deadline, int64_t session_id,
                                               int64_t token_id, const std::string& new_hash) {
  bool lives = false;
  CHAT_RETURN_IF_ERROR(pool_.RunStatement(deadline, [&](pg::Tx& tx) -> absl::Status {
    const auto hash = new_hash.empty() ? std::nullopt : std::optional(Bytes(new_hash));
    lives = tx.Exec(kConnected, session_id, token_id, hash, life_.token_s)[0][0].as<bool>();
    return absl::OkStatus();
  }));
  return lives;
}

absl::StatusOr<bool> PgSessionStore::AddToken(pg::Deadline deadline, int64_t session_id,
                                              const std::string& hash) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (tx.Exec(kLock, session_id).empty()) return false;
    tx.Exec(kAddToken, session_id, Bytes(hash), life_.token_s);
    return true;
  });
}

absl::StatusOr<bool> PgSessionStore::End(pg::Deadline deadline, int64_t account_id,
                                         const std::string& client_id) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    return tx.Exec(kEnd, account_id, Bytes(client_id)).affected_rows() > 0;
  });
}

absl::Status PgSessionStore::Rename(pg::Deadline deadline, int64_t account_id,
                                    const std::string& phone) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, account_id);
    tx.Exec(kPutAccount, account_id, phone);
    tx.Exec(kRenameSessions, account_id, phone);
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> PgSessionStore::Remove(pg::Deadline deadline, int64_t account_id,
                                               const std::string& phone) {
  return pool_.Get<int64_t>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<int64_t> {
    tx.Exec(kDropPending, phone);
    tx.Exec(kLockAccount, account_id);
    tx.Exec(kPutAccount, account_id, nullptr);
    return static_cast<int64_t>(tx.Exec(kDropSessions, account_id).affected_rows());
  });
}

absl::StatusOr<bool> PgSessionStore::SetPush(pg::Deadline deadline, int64_t session_id,
                                             const std::optional<std::string>& push,
                                             const std::string& os) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (!push) return tx.Exec(kSetOs, session_id, os).affected_rows() > 0;
    if (!push->empty()) {
      tx.Exec(kLockPush, Bytes(*push));
      tx.Exec(kTakePush, Bytes(*push), session_id);
    }
    return tx.Exec(kSetPush, session_id, Bytes(*push), os).affected_rows() > 0;
  });
}

absl::StatusOr<std::vector<Session>> PgSessionStore::List(pg::Deadline deadline, int64_t account_id,
                                                          const std::string& first) {
  using Sessions = std::vector<Session>;
  return pool_.Read<Sessions>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Sessions> {
    Sessions sessions;
    for (const pqxx::row& row : tx.Exec(kList, account_id, Bytes(first))) {
      Session& session = sessions.emplace_back(ReadSession(row));
      session.created_ms = row["created_ms"].as<int64_t>();
      session.last_online_ms = row["last_online_ms"].as<int64_t>();
    }
    return sessions;
  });
}

absl::StatusOr<std::vector<int64_t>> PgSessionStore::Gone(pg::Deadline deadline,
                                                          const std::vector<int64_t>& ids) {
  using Ids = std::vector<int64_t>;
  return pool_.Get<Ids>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Ids> {
    const std::string asked = pg::Array(ids);
    Ids gone;
    for (const pqxx::row& row : tx.Exec(kGone, asked)) gone.push_back(row[0].as<int64_t>());
    tx.Exec(kLazyCommit);
    tx.Exec(kStillOnline, asked);
    return gone;
  });
}

absl::StatusOr<bool> PgSessionStore::KeepInitToken(pg::Deadline deadline,
                                                   const std::string& client_id,
                                                   const std::string& presented,
                                                   const std::string& fresh) {
  return pool_.Get<bool>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<bool> {
    if (!presented.empty() && !tx.Exec(kInitTokenLives, Bytes(presented)).empty()) return true;
    tx.Exec(kLazyCommit);
    tx.Exec(kPutInitToken, Bytes(client_id), Bytes(fresh));
    return false;
  });
}

absl::StatusOr<Swept> PgSessionStore::Sweep(pg::Deadline deadline) {
  return pool_.Get<Swept>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Swept> {
    Swept swept;
    swept.pending = tx.Exec(kSweepPending, life_.code_s).affected_rows();
    swept.code_sent = tx.Exec(kSweepCodeSent).affected_rows();
    swept.tokens = tx.Exec(kSweepTokens, life_.renew_s).affected_rows();
    swept.init_tokens = tx.Exec(kSweepInitTokens).affected_rows();
    swept.sessions = tx.Exec(kSweepSessions).affected_rows();
    swept.accounts = tx.Exec(kSweepAccounts).affected_rows();
    return swept;
  });
}

}  // namespace chat::auth
