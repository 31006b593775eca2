#include "services/media/pg_call_store.h"

#include <algorithm>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "services/media/call_rules.h"
#include "services/media/pg_cdr_store.h"

namespace chat::media {
namespace {

using pqxx::binarystring;

#define CHAT_CALL_COLUMNS                                                              \
  "feed, id, type, caller_account, caller_phone_id, callee_account, callee_phone_id, " \
  "caller_client, callee_client, offered_ms, answered_ms, ended_ms, deadline_ms "

constexpr pg::Statement kLock{
    "media_call_lock",
    "SELECT pg_advisory_xact_lock(hashtextextended('media.call ' || $1 || ' ' || $2, 0))"};
constexpr pg::Statement kNow{"media_call_now",
                             "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
                             " (SELECT count(*) FROM media.call"
                             "  WHERE caller_account = $1 AND ended_ms = 0)"};
constexpr pg::Statement kRead{"media_call_read", "SELECT " CHAT_CALL_COLUMNS
                                                 "FROM media.call WHERE feed = $1 AND id = $2"
                                                 " FOR UPDATE"};
constexpr pg::Statement kWrite{
    "media_call_write",
    "INSERT INTO media.call (" CHAT_CALL_COLUMNS
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
    " ON CONFLICT (feed, id) DO UPDATE SET callee_client = excluded.callee_client,"
    " answered_ms = excluded.answered_ms, ended_ms = excluded.ended_ms,"
    " deadline_ms = excluded.deadline_ms"};
constexpr pg::Statement kHadRecord{"media_call_had_record",
                                   "SELECT 1 FROM media.cdr WHERE feed = $1 AND id = $2"};
constexpr pg::Statement kOverdue{
    "media_call_overdue",
    "UPDATE media.call SET ended_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    " WHERE (feed, id) IN (SELECT feed, id FROM media.call WHERE ended_ms = 0"
    "  AND deadline_ms <= (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
    "  ORDER BY deadline_ms LIMIT 50 FOR UPDATE SKIP LOCKED)"
    " RETURNING " CHAT_CALL_COLUMNS};
constexpr pg::Statement kPrune{
    "media_call_prune",
    "DELETE FROM media.call WHERE ended_ms <> 0"
    " AND ended_ms < (extract(epoch FROM now()) * 1000)::bigint - 86400000"};

CallRow Read(const pqxx::row& row) {
  CallRow out;
  out.feed = row["feed"].c_str();
  out.id = row["id"].c_str();
  out.type = static_cast<v1::CallType>(row["type"].as<int>());
  out.caller_account.value = row["caller_account"].as<int64_t>();
  out.caller_phone_id = row["caller_phone_id"].c_str();
  out.callee_account.value = row["callee_account"].as<int64_t>();
  out.callee_phone_id = row["callee_phone_id"].c_str();
  out.caller_client = binarystring(row["caller_client"]).str();
  out.callee_client = binarystring(row["callee_client"]).str();
  out.offered_ms = row["offered_ms"].as<int64_t>();
  out.answered_ms = row["answered_ms"].as<int64_t>();
  out.ended_ms = row["ended_ms"].as<int64_t>();
  out.deadline_ms = row["deadline_ms"].as<int64_t>();
  return out;
}

}  // namespace

// The CDR of a call that ends in this transaction.
void PgCallStore::Record(pg::Tx& tx, const CallRow& row) {
  NewCdr cdr;
  cdr.feed = row.feed;
  cdr.topic = P2pTopic(row.caller_phone_id, row.callee_phone_id);
  cdr.account = row.caller_account;
  cdr.callee = row.callee_account;
  cdr.record.set_id(row.id);
  *cdr.record.mutable_p2p() = SortedPair(row.caller_phone_id, row.callee_phone_id);
  cdr.record.set_from(row.caller_phone_id);
  cdr.record.set_to(row.callee_phone_id);
  cdr.record.set_type(row.type);
  cdr.record.set_started(row.offered_ms);
  const int64_t talked_ms =
      row.answered() ? std::max<int64_t>(0, row.ended_ms - row.answered_ms) : 0;
  cdr.record.set_duration(talked_ms / 1000);
  cdr.record.set_status(row.end);
  AddCdr(tx, outbox_, std::move(cdr));
}

// After the commit: what cannot be told now the sweeper tells.
void PgCallStore::Tell(pg::Deadline deadline, const std::string& feed) {
  absl::Status told = outbox_.Drain(deadline, feed);
  if (!told.ok()) log::Debug("a call record waits", {{"why", Message(told)}});
}

absl::StatusOr<CallRow> PgCallStore::Step(pg::Deadline deadline, const std::string& feed,
                                          const std::string& id, AccountId caller,
                                          const Decide& decide) {
  auto stored = pool_.Get<CallRow>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<CallRow> {
    tx.Exec(kLock, feed, id);
    Present present;
    const pqxx::result now = tx.Exec(kNow, caller.value);
    present.now_ms = now[0][0].as<int64_t>();
    present.active = now[0][1].as<int64_t>();
    const pqxx::result rows = tx.Exec(kRead, feed, id);
    if (!rows.empty()) {
      present.row = Read(rows[0]);
    } else if (!tx.Exec(kHadRecord, feed, id).empty()) {
      // A call of this id has ended so long ago that only its CDR is left.
      present.row.emplace().ended_ms = present.now_ms;
    }
    CHAT_ASSIGN_OR_RETURN(CallRow row, decide(present));
    const bool was_over = present.row && present.row->ended();
    if (present.row && row.answered() == present.row->answered() && row.ended() == was_over) {
      return row;  // relayed only
    }
    tx.Exec(kWrite, row.feed, row.id, static_cast<int>(row.type), row.caller_account.value,
            row.caller_phone_id, row.callee_account.value, row.callee_phone_id,
            binarystring(row.caller_client), binarystring(row.callee_client), row.offered_ms,
            row.answered_ms, row.ended_ms, row.deadline_ms);
    if (row.ended() && !was_over) Record(tx, row);
    return row;
  });
  if (stored.ok() && stored->ended()) Tell(deadline, feed);
  return stored;
}

absl::StatusOr<std::vector<CallRow>> PgCallStore::EndOverdue(pg::Deadline deadline) {
  using Rows = std::vector<CallRow>;
  auto ended = pool_.Get<Rows>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Rows> {
    Rows rows;
    for (const pqxx::row& found : tx.Exec(kOverdue)) {
      CallRow& row = rows.emplace_back(Read(found));
      row.end = row.answered() ? v1::Cdr::ENDED : v1::Cdr::MISSED;
    }
    // In one order everywhere: each takes the lock of its feed.
    std::sort(rows.begin(), rows.end(),
              [](const CallRow& a, const CallRow& b) { return a.feed < b.feed; });
    for (const CallRow& row : rows) Record(tx, row);
    return rows;
  });
  if (ended.ok()) {
    for (const CallRow& row : *ended) Tell(deadline, row.feed);
  }
  return ended;
}

absl::Status PgCallStore::Prune(pg::Deadline deadline) {
  return pool_.Run(deadline, [](pg::Tx& tx) {
    tx.Exec(kPrune);
    return absl::OkStatus();
  });
}

}  // namespace chat::media
