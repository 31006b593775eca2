#include "services/messaging/pg_message_store.h"

#include <utility>

#include "libs/rpc/refusal.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/pg_notices.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kFindMessage = {"messaging_find_message",
                                        "SELECT " CHAT_MESSAGE_COLUMNS
                                        ", m.author FROM messaging.message m " CHAT_MESSAGE_JOINS
                                        "WHERE m.id = $1"};

constexpr pg::Statement kParticipants = {
    "messaging_participants",
    "SELECT r.roster_id, false AS admin FROM messaging.feed f JOIN messaging.roster r "
    "ON r.roster_id IN (f.a, f.b) WHERE f.id = $1 AND f.kind = 'p2p' AND r.account_id = $2 "
    "UNION ALL SELECT b.roster_id, b.admin FROM messaging.room_member b "
    "WHERE b.feed_id = $1 AND b.account_id = $2 ORDER BY 1"};

constexpr pg::Statement kReadable = {
    "messaging_readable",
    "SELECT " CHAT_MESSAGE_COLUMNS " FROM messaging.message m " CHAT_MESSAGE_JOINS
    "WHERE m.id = ANY ($2::bigint[]) AND (mf.kind = 'p2p' AND $1 IN (mf.a, mf.b) OR EXISTS ("
    "SELECT 1 FROM messaging.room_member b WHERE b.feed_id = m.feed_id AND b.roster_id = $1)) "
    "AND NOT EXISTS (SELECT 1 FROM messaging.hidden h "
    "WHERE h.message_id = m.id AND h.roster_id = $1) ORDER BY m.id"};

constexpr pg::Statement kHide = {"messaging_hide",
                                 "INSERT INTO messaging.hidden (message_id, roster_id) "
                                 "VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"};

constexpr pg::Statement kLateUploads = {
    "messaging_late_uploads",
    "SELECT " CHAT_MESSAGE_COLUMNS ", m.author FROM messaging.message m " CHAT_MESSAGE_JOINS
    "WHERE m.status = 6 AND mf.open AND m.committed_ms < "
    "(extract(epoch FROM now()) * 1000)::bigint - 86400000 ORDER BY m.committed_ms LIMIT 100"};

StoredMessage Read(const pqxx::row& row) {
  StoredMessage stored;
  stored.row = ReadMessageRow(row);
  stored.author.value = row["author"].as<int64_t>();
  return stored;
}

}  // namespace

absl::StatusOr<std::optional<StoredMessage>> PgMessageStore::Find(pg::Deadline deadline,
                                                                  AccountId account, int64_t id) {
  using Found = std::optional<StoredMessage>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kFindMessage, id);
    if (rows.empty()) return Found();
    StoredMessage stored = Read(rows[0]);
    for (const pqxx::row& row : tx.Exec(kParticipants, stored.row.feed.value, account.value)) {
      stored.own.push_back({RosterId{row["roster_id"].as<int64_t>()}, row["admin"].as<bool>()});
    }
    return Found(std::move(stored));
  });
}

absl::StatusOr<std::optional<MessageRow>> PgMessageStore::Readable(pg::Deadline deadline,
                                                                   RosterId roster, int64_t id) {
  absl::StatusOr<std::vector<MessageRow>> rows = Readable(deadline, roster, std::vector{id});
  if (!rows.ok()) return rows.status();
  return rows->empty() ? std::optional<MessageRow>() : std::move(rows->front());
}

absl::StatusOr<std::vector<MessageRow>> PgMessageStore::Readable(pg::Deadline deadline,
                                                                 RosterId roster,
                                                                 const std::vector<int64_t>& ids) {
  using Rows = std::vector<MessageRow>;
  return pool_.Read<Rows>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Rows> {
    Rows rows;
    for (const pqxx::row& row : tx.Exec(kReadable, roster.value, pg::Array(ids))) {
      rows.push_back(ReadMessageRow(row));
    }
    return rows;
  });
}

absl::StatusOr<std::vector<StoredMessage>> PgMessageStore::LateUploads(pg::Deadline deadline) {
  using Late = std::vector<StoredMessage>;
  return pool_.Read<Late>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Late> {
    Late late;
    for (const pqxx::row& row : tx.Exec(kLateUploads)) late.push_back(Read(row));
    return late;
  });
}

absl::StatusOr<Announcement> PgMessageStore::Hide(pg::Deadline deadline, int64_t id,
                                                  RosterId roster, AccountId account,
                                                  const std::string& record) {
  return pool_.Get<Announcement>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Announcement> {
    if (tx.Exec(kHide, id, roster.value).empty()) {
      return rpc::Refuse(v1::INVALID_DATA, "Message.id: removed already");
    }
    return NotifyAccount(tx, account, record);
  });
}

}  // namespace chat::messaging
