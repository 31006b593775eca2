#include "services/messaging/pg_session_store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "libs/base/status.h"
#include "services/messaging/array_literals.h"
#include "services/messaging/pg_receipts.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kOpen = {
    "delivery_open_session",
    "SELECT * FROM delivery.open_session($1, $2, $3, $4, $5, $6, $7, $8, $9::bytea, $10::bigint)"};

constexpr pg::Statement kClose = {
    "delivery_close_session",
    "UPDATE delivery.session SET connected = false, expiry_s = coalesce($6, expiry_s), "
    "expires_at = clock_timestamp() + make_interval(secs => coalesce($6, expiry_s)), "
    "cursor_position = greatest(cursor_position, $3), "
    "cursor_above = delivery.merged(greatest(cursor_position, $3), cursor_above, $4::bigint[]), "
    "state = $5 "
    "WHERE id = $1 AND epoch = $2"};

constexpr pg::Statement kRemove = {"delivery_remove_session",
                                   "DELETE FROM delivery.session WHERE id = $1 AND epoch = $2"};

constexpr pg::Statement kEnd = {"delivery_end_sessions",
                                "DELETE FROM delivery.session WHERE account_id = $1 "
                                "AND ($2 = ''::bytea OR client_id = $2)"};

// The life of a connected session is written anew only when half of the grace is used, so that most
// flushes touch no index. The state of an orderly end says more than that of a flush that it has
// overtaken.
constexpr pg::Statement kFlush = {
    "delivery_flush_cursors",
    "WITH given AS (SELECT id, epoch, position, above::bigint[] AS above, state "
    "  FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $6::bytea[]) "
    "  AS u (id, epoch, position, above, state)"
    "), locked AS ("
    "  SELECT s.id FROM delivery.session s JOIN given g ON g.id = s.id AND g.epoch = s.epoch"
    "  ORDER BY s.id FOR UPDATE OF s"
    "), flushed AS ("
    "  UPDATE delivery.session s SET"
    "    cursor_position = greatest(s.cursor_position, g.position),"
    "    cursor_above = delivery.merged(greatest(s.cursor_position, g.position),"
    "                                   s.cursor_above, g.above),"
    "    state = CASE WHEN s.connected THEN coalesce(g.state, s.state) ELSE s.state END,"
    "    expires_at = CASE WHEN s.connected AND s.expires_at < clock_timestamp()"
    "                      + make_interval(secs => s.expiry_s + $5 / 2)"
    "                 THEN clock_timestamp() + make_interval(secs => s.expiry_s + $5)"
    "                 ELSE s.expires_at END"
    "  FROM given g JOIN locked l ON l.id = g.id WHERE s.id = g.id AND s.epoch = g.epoch"
    "  RETURNING s.id"
    ") SELECT DISTINCT id FROM given WHERE id NOT IN (SELECT id FROM flushed)"};

constexpr pg::Statement kArmWill = {
    "delivery_arm_will",
    "UPDATE delivery.stored_will SET due_at = clock_timestamp() + make_interval(secs => $3) "
    "WHERE session_id = $1 AND epoch = $2"};

constexpr pg::Statement kDropWill = {
    "delivery_drop_will", "DELETE FROM delivery.stored_will WHERE session_id = $1 AND epoch = $2"};

constexpr pg::Statement kDeleteExpired = {
    "delivery_delete_expired",
    "DELETE FROM delivery.session WHERE id IN (SELECT id FROM delivery.session "
    "WHERE expires_at < clock_timestamp() ORDER BY expires_at LIMIT 1000 FOR UPDATE SKIP LOCKED)"};

constexpr size_t kMaxStateBytes = 1 << 20;

std::string AboveOf(const v1::Cursors& cursor) {
  return pg::Array({cursor.above().begin(), cursor.above().end()});
}

// `{1,2}` as the server writes a bigint[].
void ParseAbove(const std::string& text, v1::Cursors* cursor) {
  size_t begin = 1;
  while (begin + 1 < text.size()) {
    size_t end = text.find_first_of(",}", begin);
    cursor->add_above(std::stoll(text.substr(begin, end - begin)));
    begin = end + 1;
  }
}

v1::OpenSessionReply ReadOpened(const pqxx::row& row, int64_t stable) {
  v1::OpenSessionReply reply;
  reply.set_session_id(row["id"].as<int64_t>());
  reply.set_epoch(row["epoch"].as<int64_t>());
  reply.set_present(row["present"].as<bool>());
  reply.mutable_cursor()->set_position(row["cursor_position"].as<int64_t>());
  ParseAbove(row["cursor_above"].c_str(), reply.mutable_cursor());
  reply.mutable_state()->ParseFromString(pqxx::binarystring(row["state"]).str());
  reply.set_previous_gateway(row["previous_gateway"].c_str());
  reply.set_previous_epoch(row["previous_epoch"].as<int64_t>());
  reply.set_sent_until_ms(row["sent_until_ms"].as<int64_t>(0));
  if (reply.present() && !reply.previous_gateway().empty()) {
    reply.mutable_fresh()->set_position(stable);
    ParseAbove(row["fresh_above"].c_str(), reply.mutable_fresh());
  }
  if (!row["older_will"].is_null()) {
    reply.mutable_older_will()->ParseFromString(pqxx::binarystring(row["older_will"]).str());
  }
  return reply;
}

}  // namespace

absl::StatusOr<v1::OpenSessionReply> PgSessionStore::Open(pg::Deadline deadline,
                                                          const v1::OpenSessionRequest& request,
                                                          int64_t stable) {
  std::optional<pqxx::binarystring> will;
  if (request.has_will()) will.emplace(request.will().SerializeAsString());
  const int64_t will_delay_s = std::min(request.will().delay_s(), request.expiry_s());
  v1::OpenSessionReply reply;
  CHAT_RETURN_IF_ERROR(pool_.RunStatement(deadline, [&](pg::Tx& tx) -> absl::Status {
    const pqxx::row row =
        tx.Exec(kOpen, request.account_id(), pqxx::binarystring(request.client_id()),
                request.clean(), request.expiry_s(), request.gateway(), request.auth_id(), grace_s_,
                stable, will, will_delay_s)[0];
    reply = ReadOpened(row, stable);
    return absl::OkStatus();
  }));
  if (!reply.present()) return reply;
  using Events = std::vector<v1::Event>;
  CHAT_ASSIGN_OR_RETURN(
      Events receipts, pool_.Read<Events>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Events> {
        return ReceiptsAbove(tx, AccountId{request.account_id()}, reply.cursor().position());
      }));
  for (v1::Event& receipt : receipts) *reply.add_receipts() = std::move(receipt);
  return reply;
}

absl::Status PgSessionStore::Close(pg::Deadline deadline, const v1::CloseSessionRequest& request) {
  if (request.state().ByteSizeLong() > kMaxStateBytes) {
    return absl::InvalidArgumentError("CloseSessionRequest.state: over 1 MiB");
  }
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    if (request.has_will_in_s()) {
      tx.Exec(kArmWill, request.session_id(), request.epoch(), request.will_in_s());
    } else {
      tx.Exec(kDropWill, request.session_id(), request.epoch());
    }
    if (request.remove()) {
      tx.Exec(kRemove, request.session_id(), request.epoch());
    } else {
      tx.Exec(kClose, request.session_id(), request.epoch(), request.cursor().position(),
              AboveOf(request.cursor()), pqxx::binarystring(request.state().SerializeAsString()),
              request.has_expiry_s() ? std::optional(request.expiry_s()) : std::nullopt);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<int64_t>> PgSessionStore::Flush(pg::Deadline deadline,
                                                           const v1::FlushCursorsRequest& request) {
  // Of one session's several cursors in a request the last counts: it says the most.
  std::map<int64_t, const v1::SessionCursor*> last;
  for (const v1::SessionCursor& session : request.sessions()) {
    last[session.session_id()] = &session;
  }
  ArrayLiteral ids, epochs, positions, aboves, states;
  for (const auto& [id, session] : last) {
    ids.Add(id);
    epochs.Add(session->epoch());
    positions.Add(session->cursor().position());
    aboves.AddText(AboveOf(session->cursor()));
    if (session->has_state() && session->state().ByteSizeLong() <= kMaxStateBytes) {
      states.AddBytes(session->state().SerializeAsString());
    } else {
      states.AddNull();
    }
  }
  using Result = std::vector<int64_t>;
  return pool_.Get<Result>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Result> {
    Result stale;
    for (const pqxx::row& row : tx.Exec(kFlush, ids.text(), epochs.text(), positions.text(),
                                        aboves.text(), grace_s_, states.text())) {
      stale.push_back(row["id"].as<int64_t>());
    }
    return stale;
  });
}

absl::Status PgSessionStore::End(pg::Deadline deadline, AccountId account,
                                 const std::string& client_id) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kEnd, account.value, pqxx::binarystring(client_id));
    return absl::OkStatus();
  });
}

absl::Status PgSessionStore::DeleteExpired(pg::Deadline deadline) {
  return pool_.Run(deadline, [](pg::Tx& tx) -> absl::Status {
    tx.Exec(kDeleteExpired);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
