#include "services/messaging/pg_notices.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/messaging/array_literals.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kCreateFeeds = {
    "messaging_create_feeds",
    "INSERT INTO messaging.feed (kind, a, b, open) "
    "SELECT DISTINCT ON (1, 2, 3) kind::messaging.feed_kind, a, b, open "
    "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[]) AS u (kind, a, b, open) "
    "ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING"};

constexpr pg::Statement kLockFeeds = {
    "messaging_lock_feeds",
    "SELECT f.id FROM messaging.feed f "
    "JOIN (SELECT DISTINCT kind::messaging.feed_kind, a, b "
    "      FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (kind, a, b)) k "
    "ON f.kind = k.kind AND f.a = k.a AND f.b = k.b ORDER BY f.id FOR UPDATE OF f"};

// A statement after the locks: its snapshot sees what earlier holders have committed.
constexpr pg::Statement kAddNotices = {
    "messaging_add_notices",
    "WITH item AS ("
    "  SELECT u.ord, u.record, u.rosters_changed, f.id AS feed_id, f.top"
    "  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::boolean[])"
    "       WITH ORDINALITY AS u (kind, a, b, record, rosters_changed, ord)"
    "  JOIN messaging.feed f ON f.kind = u.kind::messaging.feed_kind AND f.a = u.a AND f.b = u.b"
    "  ORDER BY u.ord OFFSET 0"
    "), placed AS (SELECT item.*, nextval('messaging.position') AS position FROM item"
    "), chained AS ("
    "  SELECT placed.*, coalesce(lag(position) OVER (PARTITION BY feed_id ORDER BY ord), top)"
    "         AS previous FROM placed"
    "), raised AS ("
    "  UPDATE messaging.feed f SET top = t.top FROM"
    "  (SELECT feed_id, max(position) AS top FROM chained GROUP BY feed_id) t"
    "  WHERE f.id = t.feed_id"
    "), n AS ("
    "  INSERT INTO messaging.notice (position, feed_id, previous, committed_ms, rosters_changed,"
    "                                record)"
    "  SELECT position, feed_id, previous, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
    "         rosters_changed, record FROM chained RETURNING *"
    ") SELECT " CHAT_NOTICE_COLUMNS " FROM n " CHAT_NOTICE_JOINS "ORDER BY n.position"};

constexpr pg::Statement kAddSystemMessage = {
    "messaging_add_system_message",
    "WITH placed AS ("
    "  SELECT f.id AS feed_id, f.top, f.last_id, nextval('messaging.position') AS position,"
    "         (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now_ms"
    "  FROM messaging.feed f JOIN messaging.roster r ON r.roster_id = $2 WHERE f.id = $1"
    "), raised AS ("
    "  UPDATE messaging.feed f SET top = p.position, last_id = p.position"
    "  FROM placed p WHERE f.id = p.feed_id"
    "), m AS ("
    "  INSERT INTO messaging.message (id, feed_id, position, previous, prev, author, created_ms,"
    "                                 committed_ms, status, body)"
    "  SELECT position, feed_id, position, top, last_id, $2, now_ms, now_ms, 7, $3 FROM placed"
    "  RETURNING *"
    ") SELECT " CHAT_MESSAGE_COLUMNS " FROM m " CHAT_MESSAGE_JOINS};

constexpr pg::Statement kAnnounce = {
    "messaging_announce",
    "INSERT INTO messaging.announcement (low, high, feeds) VALUES ($1, $2, $3::bigint[]) "
    "RETURNING id"};

}  // namespace

void LockFeeds(pg::Tx& tx, const std::vector<FeedKey>& feeds) {
  ArrayLiteral kinds, as, bs, opens;
  for (const FeedKey& feed : feeds) {
    kinds.AddText(feed.kind);
    as.Add(feed.a);
    bs.Add(feed.b);
    opens.AddText(feed.open ? "t" : "f");
  }
  tx.Exec(kCreateFeeds, kinds.text(), as.text(), bs.text(), opens.text());
  tx.Exec(kLockFeeds, kinds.text(), as.text(), bs.text());
}

std::vector<Announced> AddNotices(pg::Tx& tx, const std::vector<NewNotice>& notices) {
  std::vector<Announced> events;
  if (notices.empty()) return events;
  ArrayLiteral kinds, as, bs, records, changed;
  for (const NewNotice& notice : notices) {
    kinds.AddText(notice.feed.kind);
    as.Add(notice.feed.a);
    bs.Add(notice.feed.b);
    records.AddBytes(notice.record);
    changed.AddText(notice.rosters_changed ? "t" : "f");
  }
  for (const pqxx::row& row :
       tx.Exec(kAddNotices, kinds.text(), as.text(), bs.text(), records.text(), changed.text())) {
    NoticeRow notice = ReadNoticeRow(row);
    if (!notice.topic.empty()) events.push_back(RenderEvent(notice));
  }
  return events;
}

std::vector<Announced> AddSystemMessage(pg::Tx& tx, FeedId feed, const v1::SystemMessage& message) {
  v1::Message body;
  body.set_type(message.type());
  body.add_files()->set_payload(message.text());
  std::vector<Announced> events;
  for (const pqxx::row& row : tx.Exec(kAddSystemMessage, feed.value, message.from(),
                                      pqxx::binarystring(body.SerializeAsString()))) {
    events.push_back(RenderEvent(ReadMessageRow(row)));
  }
  return events;
}

Announcement Announce(pg::Tx& tx, std::vector<Announced> events) {
  Announcement out;
  out.events = std::move(events);
  if (out.events.empty()) return out;
  int64_t low = INT64_MAX, high = 0;
  std::set<int64_t> feeds;
  for (const Announced& announced : out.events) {
    low = std::min(low, announced.event.position());
    high = std::max(high, announced.event.position());
    feeds.insert(announced.event.feed());
  }
  out.id =
      tx.Exec(kAnnounce, low, high, pg::Array({feeds.begin(), feeds.end()}))[0]["id"].as<int64_t>();
  return out;
}

Announcement NotifyAccount(pg::Tx& tx, AccountId account, const std::string& record) {
  const FeedKey feed{"ses", account.value};
  LockFeeds(tx, {feed});
  return Announce(tx, AddNotices(tx, {{feed, record}}));
}

}  // namespace chat::messaging
