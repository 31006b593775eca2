#include "services/messaging/pg_trace_store.h"

#include <algorithm>

#include "bert/options.pb.h"
#include "chat/v1/records.pb.h"

namespace chat::messaging {

namespace {

constexpr int kSessions = 200;
constexpr int kMostSessions = 10'000;

// Of the feed `f` and the position `p`.
#define CHAT_TRACED_FEED                                                                   \
  "coalesce(CASE f.kind WHEN 'ses' THEN (SELECT 'ses/' || split_part(r.phone_id, '_', 1) " \
  "  FROM messaging.roster r WHERE r.account_id = f.a ORDER BY r.roster_id LIMIT 1) "      \
  "WHEN 'room' THEN (SELECT 'room/' || r.name_id FROM messaging.room r "                   \
  "  WHERE r.feed_id = f.id) "                                                             \
  "ELSE (SELECT 'p2p/' || min(r.phone_id COLLATE \"C\") || '/' "                           \
  "  || max(r.phone_id COLLATE \"C\") FROM messaging.roster r "                            \
  "  WHERE r.roster_id IN (f.a, f.b)) END, '') AS topic, f.kind = 'p2p' AS p2p, "          \
  "EXISTS (SELECT 1 FROM messaging.announcement n WHERE n.low <= e.position "              \
  "  AND n.high >= e.position AND f.id = ANY (n.feeds)) AS announcing "

constexpr pg::Statement kMessages = {
    "messaging_traced_messages",
    "SELECT e.id, e.position, e.previous, e.feed_id, e.created_ms, e.committed_ms, e.status, "
    "coalesce(e.msg_id, ''::bytea) AS msg_id, author.phone_id AS author, " CHAT_TRACED_FEED
    "FROM messaging.message e JOIN messaging.feed f ON f.id = e.feed_id "
    "JOIN messaging.roster author ON author.roster_id = e.author "
    "WHERE e.id = ANY ($1::bigint[]) ORDER BY e.id"};

constexpr pg::Statement kNotice = {
    "messaging_traced_notice",
    "SELECT e.position AS id, e.position, e.previous, e.feed_id, 0 AS created_ms, e.committed_ms, "
    "-1 AS status, ''::bytea AS msg_id, '' AS author, " CHAT_TRACED_FEED
    "FROM messaging.notice e JOIN messaging.feed f ON f.id = e.feed_id WHERE e.position = $1"};

// The message that has this position or had it as its first one.
constexpr pg::Statement kByPosition = {
    "messaging_traced_by_position",
    "SELECT m.id FROM messaging.message m WHERE m.id = $1 UNION "
    "SELECT m.id FROM messaging.message m WHERE m.position = $1 AND m.position <> m.id"};

// The index begins with the author.
constexpr pg::Statement kByMsgId = {
    "messaging_traced_by_msg_id",
    "SELECT m.id FROM messaging.roster r CROSS JOIN LATERAL (SELECT x.id FROM messaging.message x "
    "WHERE x.author = r.roster_id AND x.msg_id = $1 LIMIT 1) m "
    "WHERE $2 = '' OR r.phone_id = $2 ORDER BY m.id LIMIT 20"};

constexpr pg::Statement kSessionsOf = {
    "messaging_traced_sessions",
    "WITH feed AS (SELECT f.id, f.kind, f.a, f.b FROM messaging.feed f WHERE f.id = $1), "
    "person AS (SELECT w.account_id, min(w.phone_id) AS phone_id FROM ("
    "SELECT r.account_id, r.phone_id FROM feed JOIN messaging.roster r ON feed.kind = 'p2p' "
    "AND r.roster_id IN (feed.a, feed.b) UNION ALL "
    "SELECT r.account_id, r.phone_id FROM feed JOIN messaging.roster r ON feed.kind = 'ses' "
    "AND r.account_id = feed.a UNION ALL "
    "SELECT r.account_id, r.phone_id FROM feed JOIN messaging.room_member b "
    "ON feed.kind = 'room' AND b.feed_id = feed.id "
    "JOIN messaging.roster r ON r.roster_id = b.roster_id) w GROUP BY w.account_id) "
    "SELECT s.id, s.account_id, p.phone_id, s.client_id, s.connected, s.gateway, "
    "s.cursor_position >= $2 OR $2 = ANY (s.cursor_above) AS past, count(*) OVER () AS all_of_them "
    "FROM person p JOIN delivery.session s ON s.account_id = p.account_id "
    "WHERE s.connected OR s.expires_at > clock_timestamp() ORDER BY s.account_id, s.id LIMIT $3"};

constexpr pg::Statement kReaders = {
    "messaging_traced_readers",
    "SELECT r.phone_id, coalesce(x.reader, 0) >= $2 AS read FROM messaging.feed f "
    "JOIN messaging.roster r ON r.roster_id IN (f.a, f.b) LEFT JOIN messaging.reader x "
    "ON x.feed_id = f.id AND x.roster_id = r.roster_id WHERE f.id = $1 ORDER BY r.phone_id"};

std::string StatusName(int status) {
  if (status < 0) return "notice";
  const auto* value = v1::Message::Status_descriptor()->FindValueByNumber(status);
  return value == nullptr ? std::to_string(status) : value->options().GetExtension(bert::atom);
}

v1::TracedMessage ReadMessage(const pqxx::row& row) {
  v1::TracedMessage message;
  message.set_id(row["id"].as<int64_t>());
  message.set_position(row["position"].as<int64_t>());
  message.set_previous(row["previous"].as<int64_t>());
  message.set_feed(row["feed_id"].as<int64_t>());
  message.set_topic(row["topic"].as<std::string>());
  message.set_author(row["author"].as<std::string>());
  message.set_msg_id(pqxx::binarystring(row["msg_id"]).str());
  message.set_status(StatusName(row["status"].as<int>()));
  message.set_created_ms(row["created_ms"].as<int64_t>());
  message.set_committed_ms(row["committed_ms"].as<int64_t>());
  message.set_announcing(row["announcing"].as<bool>());
  return message;
}

void AddAudience(pg::Tx& tx, bool p2p, int sessions, v1::FindMessageReply* reply) {
  const v1::TracedMessage& message = reply->messages(0);
  for (const pqxx::row& row : tx.Exec(kSessionsOf, message.feed(), message.position(), sessions)) {
    v1::TracedSession* session = reply->add_sessions();
    session->set_session_id(row["id"].as<int64_t>());
    session->set_account_id(row["account_id"].as<int64_t>());
    session->set_phone_id(row["phone_id"].as<std::string>());
    session->set_client_id(pqxx::binarystring(row["client_id"]).str());
    session->set_connected(row["connected"].as<bool>());
    session->set_gateway(row["gateway"].as<std::string>());
    session->set_past(row["past"].as<bool>());
    reply->set_sessions_all(row["all_of_them"].as<int64_t>());
  }
  if (!p2p || message.status() == "notice") return;
  for (const pqxx::row& row : tx.Exec(kReaders, message.feed(), message.id())) {
    v1::TracedReader* reader = reply->add_readers();
    reader->set_phone_id(row["phone_id"].as<std::string>());
    reader->set_read(row["read"].as<bool>());
  }
}

}  // namespace

absl::StatusOr<v1::FindMessageReply> PgTraceStore::Find(pg::Deadline deadline,
                                                        const v1::FindMessageRequest& request) {
  using Reply = v1::FindMessageReply;
  const int sessions =
      request.sessions() <= 0 ? kSessions : std::min<int>(request.sessions(), kMostSessions);
  return pool_.Get<Reply>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Reply> {
    std::vector<int64_t> ids;
    const bool by_name = request.which_case() == v1::FindMessageRequest::kMsgId;
    for (const pqxx::row& row :
         by_name ? tx.Exec(kByMsgId, pqxx::binarystring(request.msg_id()), request.author())
                 : tx.Exec(kByPosition, request.id())) {
      ids.push_back(row[0].as<int64_t>());
    }
    const pqxx::result rows = ids.empty() && !by_name ? tx.Exec(kNotice, request.id())
                                                      : tx.Exec(kMessages, pg::Array(ids));
    if (rows.empty()) return absl::NotFoundError("no message has this id");
    Reply reply;
    for (const pqxx::row& row : rows) *reply.add_messages() = ReadMessage(row);
    if (rows.size() == 1) AddAudience(tx, rows[0]["p2p"].as<bool>(), sessions, &reply);
    return reply;
  });
}

}  // namespace chat::messaging
