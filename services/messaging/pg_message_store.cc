#include "services/messaging/pg_message_store.h"

#include "libs/rpc/refusal.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/pg_notices.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kFindMessage = {
    "messaging_find_message",
    "SELECT " CHAT_MESSAGE_COLUMNS
    ", m.author, mf.a, mf.b FROM messaging.message m " CHAT_MESSAGE_JOINS "WHERE m.id = $1"};

constexpr pg::Statement kHide = {"messaging_hide",
                                 "INSERT INTO messaging.hidden (message_id, roster_id) "
                                 "VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1"};

constexpr pg::Statement kLateUploads = {
    "messaging_late_uploads",
    "SELECT " CHAT_MESSAGE_COLUMNS
    ", m.author, mf.a, mf.b FROM messaging.message m " CHAT_MESSAGE_JOINS
    "WHERE m.status = 6 AND mf.open AND m.committed_ms < "
    "(extract(epoch FROM now()) * 1000)::bigint - 86400000 ORDER BY m.committed_ms LIMIT 100"};

StoredMessage Read(const pqxx::row& row) {
  StoredMessage stored;
  stored.row = ReadMessageRow(row);
  stored.author.value = row["author"].as<int64_t>();
  stored.a.value = row["a"].as<int64_t>();
  stored.b.value = row["b"].as<int64_t>();
  return stored;
}

}  // namespace

absl::StatusOr<std::optional<StoredMessage>> PgMessageStore::Find(pg::Deadline deadline,
                                                                  int64_t id) {
  using Found = std::optional<StoredMessage>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kFindMessage, id);
    return rows.empty() ? Found() : Found(Read(rows[0]));
  });
}

absl::StatusOr<std::vector<StoredMessage>> PgMessageStore::LateUploads(pg::Deadline deadline) {
  using Late = std::vector<StoredMessage>;
  return pool_.Get<Late>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Late> {
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
    return AppendNotices(tx, {{account, record, false}});
  });
}

}  // namespace chat::messaging
