#include "services/messaging/pg_history_store.h"

#include <algorithm>
#include <map>
#include <utility>

#include "chat/v1/records.pb.h"
#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/pg_notices.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kFindFeed = {
    "messaging_find_feed",
    "SELECT f.id, f.last_id, f.a + f.b - $1 AS peer, $1::bigint AS own FROM messaging.roster p "
    "JOIN messaging.feed f ON f.kind = 'p2p' AND f.a = least($1, p.roster_id) "
    "AND f.b = greatest($1, p.roster_id) WHERE p.phone_id = $2"};

// As the member $3 sees it, or, without one, the account's first member.
constexpr pg::Statement kFindRoom = {
    "messaging_find_room",
    "SELECT f.id, f.last_id, f.a AS peer, b.roster_id AS own FROM messaging.room r "
    "JOIN messaging.feed f ON f.id = r.feed_id JOIN messaging.room_member b ON b.feed_id = f.id "
    "WHERE r.name_id = $1 AND b.account_id = $2 AND $3::bigint IN (0, b.roster_id) "
    "ORDER BY b.roster_id LIMIT 1"};

constexpr pg::Statement kIsMessage = {
    "messaging_is_message", "SELECT 1 FROM messaging.message WHERE feed_id = $1 AND id = $2"};

// True for a message that roster $5 has not removed for itself.
#define CHAT_SHOWN                                      \
  "NOT EXISTS (SELECT 1 FROM messaging.hidden h WHERE " \
  "h.message_id = message.id AND h.roster_id = $5) "

// `bytes` is about what the rows before take on the wire. The size of a stored body is known
// without reading it. The first row always fits.
constexpr pg::Statement kPageBack = {
    "messaging_page_back",
    "SELECT " CHAT_MESSAGE_COLUMNS
    " FROM (SELECT id, "
    "sum(octet_length(body) + 350) OVER (ORDER BY id DESC) - octet_length(body) AS bytes "
    "FROM (SELECT id, body FROM messaging.message WHERE feed_id = $1 AND id <= $2 AND " CHAT_SHOWN
    "ORDER BY id DESC LIMIT $3) picked) page JOIN messaging.message m ON m.id = "
    "page.id " CHAT_MESSAGE_JOINS "WHERE page.bytes <= 350 OR page.bytes < $4 ORDER BY m.id DESC"};

constexpr pg::Statement kPageForward = {
    "messaging_page_forward",
    "SELECT " CHAT_MESSAGE_COLUMNS
    " FROM (SELECT id, "
    "sum(octet_length(body) + 350) OVER (ORDER BY id) - octet_length(body) AS bytes "
    "FROM (SELECT id, body FROM messaging.message WHERE feed_id = $1 AND id >= $2 AND " CHAT_SHOWN
    "ORDER BY id LIMIT $3) picked) page JOIN messaging.message m ON m.id = "
    "page.id " CHAT_MESSAGE_JOINS "WHERE page.bytes <= 350 OR page.bytes < $4 ORDER BY m.id"};

constexpr pg::Statement kNextId = {
    "messaging_next_id",
    "SELECT coalesce(min(id), 0) AS next FROM messaging.message WHERE feed_id = $1 AND id > $2"};

constexpr pg::Statement kRaiseReader = {
    "messaging_raise_reader",
    "INSERT INTO messaging.reader AS r (feed_id, roster_id, reader, marked) "
    "VALUES ($1, $2, $3, nextval('messaging.position')) "
    "ON CONFLICT (feed_id, roster_id) DO UPDATE SET "
    "marked = CASE WHEN excluded.reader > r.reader THEN excluded.marked ELSE r.marked END, "
    "reader = greatest(r.reader, excluded.reader)"};

// Unread: messages of others behind the reader that stand as sent (5), so neither system messages,
// nor open uploads, nor removed ones, for all or for the reader.
constexpr pg::Statement kViews = {
    "messaging_views",
    "SELECT p.ord, coalesce(r.reader, 0) AS reader, coalesce(("
    "  SELECT m.id FROM messaging.message m WHERE m.feed_id = f.id AND NOT EXISTS ("
    "    SELECT 1 FROM messaging.hidden h WHERE h.message_id = m.id AND h.roster_id = $1) "
    "  ORDER BY m.id DESC LIMIT 1), 0) AS last_id, ("
    "  SELECT count(*) FROM (SELECT 1 FROM messaging.message m WHERE m.feed_id = f.id "
    "  AND m.id > coalesce(r.reader, 0) AND m.author <> $1 AND m.status = 5 AND NOT EXISTS ("
    "    SELECT 1 FROM messaging.hidden h WHERE h.message_id = m.id AND h.roster_id = $1) "
    "  LIMIT 100000) u"
    ") AS unread FROM (SELECT g.id, q.ord FROM unnest($2::bigint[]) WITH ORDINALITY "
    "  AS q (peer, ord) JOIN messaging.feed g ON g.kind = 'p2p' AND g.a = least($1, q.peer) "
    "  AND g.b = greatest($1, q.peer) UNION ALL "
    "  SELECT g.id, q.ord + cardinality($2::bigint[]) FROM unnest($3::bigint[]) WITH ORDINALITY "
    "  AS q (room, ord) JOIN messaging.feed g ON g.kind = 'room' AND g.a = q.room AND g.b = 0) p "
    "JOIN messaging.feed f ON f.id = p.id "
    "LEFT JOIN messaging.reader r ON r.feed_id = f.id AND r.roster_id = $1"};

constexpr pg::Statement kMessagesById = {"messaging_messages_by_id",
                                         "SELECT " CHAT_MESSAGE_COLUMNS
                                         " FROM messaging.message m " CHAT_MESSAGE_JOINS
                                         "WHERE m.id = ANY ($1::bigint[])"};

struct FoundFeed {
  int64_t id = 0;
  int64_t last_id = 0;
  int64_t peer = 0;  // roster id of the other half, or room id
  RosterId own;
};

absl::StatusOr<FoundFeed> Find(pg::Tx& tx, const AskedFeed& asked, int64_t message) {
  pqxx::result rows = asked.room.empty()
                          ? tx.Exec(kFindFeed, asked.roster.value, asked.peer)
                          : tx.Exec(kFindRoom, asked.room, asked.account.value, asked.roster.value);
  if (rows.empty()) return rpc::Refuse(v1::INVALID_DATA, "History.feed: no such feed");
  FoundFeed feed{rows[0]["id"].as<int64_t>(), rows[0]["last_id"].as<int64_t>(),
                 rows[0]["peer"].as<int64_t>(), RosterId{rows[0]["own"].as<int64_t>()}};
  if (message != 0 && tx.Exec(kIsMessage, feed.id, message).empty()) {
    return rpc::Refuse(v1::INVALID_DATA, "History.entity_id: not a message of the feed");
  }
  return feed;
}

// Fills `next` from the neighbours of a page; where the neighbour is not on it, it is asked.
void FillNext(pg::Tx& tx, FoundFeed feed, bool forward, std::vector<MessageRow>* page) {
  if (page->empty()) return;
  auto ask = [&](int64_t id) { return tx.Exec(kNextId, feed.id, id)[0]["next"].as<int64_t>(); };
  for (size_t i = 0; i + 1 < page->size(); ++i) {
    MessageRow& older = forward ? (*page)[i] : (*page)[i + 1];
    const MessageRow& newer = forward ? (*page)[i + 1] : (*page)[i];
    older.next = newer.prev == older.id ? newer.id : ask(older.id);
  }
  MessageRow& newest = forward ? page->back() : page->front();
  newest.next = ask(newest.id);
}

std::vector<PgHistoryStore::View> LoadViews(pg::Tx& tx, RosterId roster,
                                            const std::vector<int64_t>& peers,
                                            const std::vector<int64_t>& rooms) {
  std::vector<PgHistoryStore::View> views(peers.size() + rooms.size());
  std::map<int64_t, std::vector<size_t>> last;  // message id -> the views that end in it
  std::vector<int64_t> ids;
  for (const pqxx::row& row : tx.Exec(kViews, roster.value, pg::Array(peers), pg::Array(rooms))) {
    size_t index = row["ord"].as<size_t>() - 1;
    views[index].reader = row["reader"].as<int64_t>();
    views[index].unread = row["unread"].as<int64_t>();
    int64_t id = row["last_id"].as<int64_t>();
    if (id == 0) continue;
    last[id].push_back(index);
    ids.push_back(id);
  }
  if (ids.empty()) return views;
  for (const pqxx::row& row : tx.Exec(kMessagesById, pg::Array(ids))) {
    MessageRow message = ReadMessageRow(row);
    for (size_t index : last[message.id]) views[index].last = message;
  }
  return views;
}

std::string LastMsgRecord(const AskedFeed& asked, const PgHistoryStore::View& view,
                          int64_t now_ms) {
  v1::Record record;
  if (!asked.room.empty()) {
    v1::Room& room = *record.mutable_room();
    room.set_id(asked.room);
    room.set_unread(view.unread);
    if (view.last) *room.mutable_last_msg() = RenderMessage(*view.last);
    room.set_update(now_ms);
    room.set_status(v1::Room::LAST_MSG);
    return record.SerializeAsString();
  }
  v1::Contact& contact = *record.mutable_contact();
  contact.set_phone_id(asked.peer);
  contact.set_reader(view.reader);
  contact.set_unread(view.unread);
  if (view.last) *contact.mutable_last_msg() = RenderMessage(*view.last);
  contact.set_update(now_ms);
  contact.set_status(v1::Contact::LAST_MSG);
  return record.SerializeAsString();
}

constexpr pg::Statement kNow = {
    "messaging_now", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms"};

}  // namespace

absl::StatusOr<std::vector<MessageRow>> PgHistoryStore::Page(pg::Deadline deadline,
                                                             const AskedFeed& asked,
                                                             const Selection& selection,
                                                             int64_t bytes) {
  using Rows = std::vector<MessageRow>;
  return pool_.Read<Rows>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Rows> {
    CHAT_ASSIGN_OR_RETURN(FoundFeed feed, Find(tx, asked, selection.from));
    int64_t from = selection.from == 0 && !selection.forward ? INT64_MAX : selection.from;
    Rows page;
    for (const pqxx::row& row : tx.Exec(selection.forward ? kPageForward : kPageBack, feed.id, from,
                                        selection.count, bytes, feed.own.value)) {
      page.push_back(ReadMessageRow(row));
    }
    FillNext(tx, feed, selection.forward, &page);
    return page;
  });
}

absl::StatusOr<PgHistoryStore::Marked> PgHistoryStore::Read(pg::Deadline deadline,
                                                            const AskedFeed& asked,
                                                            int64_t position) {
  return pool_.Get<Marked>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Marked> {
    CHAT_ASSIGN_OR_RETURN(FoundFeed feed, Find(tx, asked, position));
    int64_t reader = position == 0 ? feed.last_id : position;
    tx.Exec(kRaiseReader, feed.id, feed.own.value, reader);
    using Ids = std::vector<int64_t>;
    View view = asked.room.empty() ? LoadViews(tx, feed.own, {feed.peer}, Ids())[0]
                                   : LoadViews(tx, feed.own, Ids(), {feed.peer})[0];
    int64_t now_ms = tx.Exec(kNow)[0]["now_ms"].as<int64_t>();
    Marked marked;
    marked.receipts = messaging::TakeReceipts(tx, FeedId{feed.id}, feed.own);
    marked.announcement = NotifyAccount(tx, asked.account, LastMsgRecord(asked, view, now_ms));
    marked.unread = view.unread;
    marked.feed = FeedId{feed.id};
    marked.reader = feed.own;
    return marked;
  });
}

absl::StatusOr<ReceiptsDue> PgHistoryStore::TakeReceipts(pg::Deadline deadline, FeedId feed,
                                                         RosterId reader) {
  return pool_.Get<ReceiptsDue>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<ReceiptsDue> {
    return messaging::TakeReceipts(tx, feed, reader);
  });
}

absl::StatusOr<std::vector<PgHistoryStore::View>> PgHistoryStore::Views(
    pg::Deadline deadline, RosterId roster, const std::vector<int64_t>& peers,
    const std::vector<int64_t>& rooms) {
  using Result = std::vector<View>;
  return pool_.Read<Result>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Result> {
    return LoadViews(tx, roster, peers, rooms);
  });
}

}  // namespace chat::messaging
