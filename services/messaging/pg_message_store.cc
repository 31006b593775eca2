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

}  // namespace

absl::StatusOr<StoredMessage> PgMessageStore::Find(pg::Deadline deadline, int64_t id) {
  return pool_.Get<StoredMessage>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<StoredMessage> {
    pqxx::result rows = tx.Exec(kFindMessage, id);
    if (rows.empty()) return rpc::Refuse(v1::INVALID_DATA, "Message.id: unknown");
    StoredMessage stored;
    stored.row = ReadMessageRow(rows[0]);
    stored.author.value = rows[0]["author"].as<int64_t>();
    stored.a.value = rows[0]["a"].as<int64_t>();
    stored.b.value = rows[0]["b"].as<int64_t>();
    return stored;
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
