#include "services/messaging/pg_notices.h"

#include <algorithm>

#include "services/messaging/array_literals.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kCreateSesFeeds = {
    "messaging_create_ses_feeds",
    "INSERT INTO messaging.feed (kind, a, b, open) SELECT DISTINCT 'ses'::messaging.feed_kind, a, "
    "0, "
    "true FROM unnest($1::bigint[]) AS u (a) ORDER BY a ON CONFLICT DO NOTHING"};

constexpr pg::Statement kLockSesFeeds = {
    "messaging_lock_ses_feeds",
    "SELECT id FROM messaging.feed WHERE kind = 'ses' AND b = 0 AND a = ANY ($1::bigint[]) "
    "ORDER BY id FOR UPDATE"};

// A statement after the locks: its snapshot sees what earlier holders have committed.
constexpr pg::Statement kAppendNotices = {
    "messaging_append_notices",
    "WITH item AS ("
    "  SELECT u.ord, u.record, u.rosters_changed, f.id AS feed_id, f.top"
    "  FROM unnest($1::bigint[], $2::bytea[], $3::boolean[])"
    "       WITH ORDINALITY AS u (account, record, rosters_changed, ord)"
    "  JOIN messaging.feed f ON f.kind = 'ses' AND f.a = u.account AND f.b = 0"
    "  ORDER BY u.ord OFFSET 0"
    "), placed AS (SELECT item.*, nextval('messaging.position') AS position FROM item"
    "), chained AS ("
    "  SELECT placed.*, coalesce(lag(position) OVER (PARTITION BY feed_id ORDER BY ord), top)"
    "         AS previous FROM placed"
    "), raised AS ("
    "  UPDATE messaging.feed f SET top = t.top FROM"
    "  (SELECT feed_id, max(position) AS top FROM chained GROUP BY feed_id) t"
    "  WHERE f.id = t.feed_id"
    "), announced AS ("
    "  INSERT INTO messaging.announcement (low, high, feeds)"
    "  SELECT min(position), max(position), array_agg(DISTINCT feed_id) FROM chained"
    "  HAVING count(*) > 0 RETURNING id"
    "), n AS ("
    "  INSERT INTO messaging.notice (position, feed_id, previous, committed_ms, rosters_changed,"
    "                                record)"
    "  SELECT position, feed_id, previous, (extract(epoch FROM clock_timestamp()) * 1000)::bigint,"
    "         rosters_changed, record FROM chained RETURNING *"
    ") SELECT " CHAT_NOTICE_COLUMNS
    ", (SELECT id FROM announced) AS announcement FROM n " CHAT_NOTICE_JOINS "ORDER BY n.position"};

}  // namespace

Announcement AppendNotices(pg::Tx& tx, const std::vector<NewNotice>& notices) {
  Announcement out;
  if (notices.empty()) return out;
  ArrayLiteral accounts, records, changed;
  for (const NewNotice& notice : notices) {
    accounts.Add(notice.account.value);
    records.AddBytes(notice.record);
    changed.AddText(notice.rosters_changed ? "t" : "f");
  }
  tx.Exec(kCreateSesFeeds, accounts.text());
  tx.Exec(kLockSesFeeds, accounts.text());
  for (const pqxx::row& row :
       tx.Exec(kAppendNotices, accounts.text(), records.text(), changed.text())) {
    out.id = row["announcement"].as<int64_t>();
    NoticeRow notice = ReadNoticeRow(row);
    if (!notice.phone.empty()) out.events.push_back(RenderEvent(notice));
  }
  return out;
}

}  // namespace chat::messaging
