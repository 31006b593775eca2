#include "services/messaging/pg_replay_store.h"

#include <algorithm>
#include <map>

#include "libs/base/status.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

// The page as positions; `bytes` is the sum before the row. One more than the page tells whether
// there is more. The stored sizes are known without reading the bodies.
constexpr pg::Statement kReplayPage = {
    "messaging_replay_page",
    "SELECT position, notice, sum(size) OVER (ORDER BY position) - size AS bytes FROM ("
    "SELECT e.position, e.size, e.notice FROM messaging.moved_feeds($1, $2) f "
    "CROSS JOIN LATERAL ("
    "  (SELECT m.position, octet_length(m.body) + 350 AS size, false AS notice "
    "   FROM messaging.message m WHERE m.feed_id = f.id AND m.position > f.above "
    "   AND m.position <> ALL ($4::bigint[]) "
    "   AND NOT EXISTS (SELECT 1 FROM messaging.hidden h JOIN messaging.roster hr "
    "     ON hr.roster_id = h.roster_id WHERE h.message_id = m.id AND hr.account_id = $1) "
    "   ORDER BY m.position LIMIT $3) UNION ALL "
    "  (SELECT n.position, octet_length(n.record) + 350, true FROM messaging.notice n "
    "   WHERE n.feed_id = f.id AND n.position > f.above AND n.position <> ALL ($4::bigint[]) "
    "   ORDER BY n.position LIMIT $3)"
    ") e ORDER BY e.position LIMIT $3) page ORDER BY position"};

constexpr pg::Statement kReplayMessages = {
    "messaging_replay_messages",
    "SELECT " CHAT_MESSAGE_COLUMNS " FROM messaging.message m " CHAT_MESSAGE_JOINS
    "WHERE m.id IN (SELECT p FROM unnest($1::bigint[]) u (p) UNION ALL SELECT x.id FROM "
    "messaging.message x WHERE x.position = ANY ($1::bigint[]) AND x.position <> x.id) "
    "AND m.position = ANY ($1::bigint[])"};

constexpr pg::Statement kReplayNotices = {"messaging_replay_notices",
                                          "SELECT " CHAT_NOTICE_COLUMNS
                                          " FROM messaging.notice n " CHAT_NOTICE_JOINS
                                          "WHERE n.position = ANY ($1::bigint[])"};

// Shortly after: the events themselves are few. Positions that an edit moved lie above their ids.
constexpr pg::Statement kChangedLately = {
    "messaging_changed_lately",
    "SELECT DISTINCT who.account FROM (SELECT m.feed_id FROM messaging.message m WHERE m.id > $2 "
    "UNION SELECT m.feed_id FROM messaging.message m WHERE m.position > $2 AND m.position <> m.id "
    "UNION SELECT n.feed_id FROM messaging.notice n WHERE n.position > $2) moved "
    "JOIN messaging.feed f ON f.id = moved.feed_id "
    "CROSS JOIN LATERAL (SELECT f.a AS account WHERE f.kind = 'ses' UNION ALL "
    "SELECT r.account_id FROM messaging.roster r WHERE f.kind = 'p2p' AND f.open "
    "AND r.roster_id IN (f.a, f.b) UNION ALL SELECT b.account_id FROM messaging.room_member b "
    "WHERE f.kind = 'room' AND b.feed_id = f.id AND b.account_id = ANY ($1::bigint[])) who "
    "WHERE who.account = ANY ($1::bigint[])"};

// Long after: by the tops of the accounts' feeds.
constexpr pg::Statement kChangedLongSince = {
    "messaging_changed_long_since",
    "SELECT u.account FROM unnest($1::bigint[]) u (account) WHERE EXISTS ("
    "SELECT 1 FROM messaging.feed g WHERE g.kind = 'ses' AND g.a = u.account AND g.b = 0 "
    "AND g.top > $2) OR EXISTS (SELECT 1 FROM messaging.roster r JOIN messaging.feed g "
    "ON g.kind = 'p2p' AND g.a = r.roster_id WHERE r.account_id = u.account AND g.open "
    "AND g.top > $2) OR EXISTS (SELECT 1 FROM messaging.roster r JOIN messaging.feed g "
    "ON g.kind = 'p2p' AND g.b = r.roster_id WHERE r.account_id = u.account AND g.open "
    "AND g.top > $2) OR EXISTS (SELECT 1 FROM messaging.room_member b JOIN messaging.feed g "
    "ON g.id = b.feed_id WHERE b.account_id = u.account AND g.top > $2)"};

constexpr int64_t kLately = 20'000;  // positions

struct PagePositions {
  std::vector<int64_t> messages, notices;
  bool more = false;
};

PagePositions ReadPage(const pqxx::result& rows, int limit, int64_t bytes) {
  PagePositions page;
  int taken = 0;
  for (const pqxx::row& row : rows) {
    if (taken == limit || (taken > 0 && row["bytes"].as<int64_t>() >= bytes)) {
      page.more = true;
      break;
    }
    (row["notice"].as<bool>() ? page.notices : page.messages)
        .push_back(row["position"].as<int64_t>());
    ++taken;
  }
  return page;
}

}  // namespace

absl::StatusOr<v1::ReplayReply> PgReplayStore::Replay(pg::Deadline deadline, AccountId account,
                                                      int64_t above, int limit, int64_t bytes,
                                                      const std::vector<int64_t>& had) {
  using Reply = v1::ReplayReply;
  return pool_.Read<Reply>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Reply> {
    PagePositions page = ReadPage(
        tx.Exec(kReplayPage, account.value, above, limit + 1, pg::Array(had)), limit, bytes);
    std::map<int64_t, v1::Event> events;
    if (!page.messages.empty()) {
      for (const pqxx::row& row : tx.Exec(kReplayMessages, pg::Array(page.messages))) {
        MessageRow message = ReadMessageRow(row);
        events[message.position] = RenderEvent(message).event;
      }
    }
    if (!page.notices.empty()) {
      for (const pqxx::row& row : tx.Exec(kReplayNotices, pg::Array(page.notices))) {
        NoticeRow notice = ReadNoticeRow(row);
        events[notice.position] = RenderEvent(notice).event;
      }
    }
    Reply reply;
    reply.set_more(page.more);
    for (auto& [position, event] : events) *reply.add_events() = std::move(event);
    return reply;
  });
}

absl::StatusOr<std::vector<int64_t>> PgReplayStore::ChangedSince(
    pg::Deadline deadline, const std::vector<int64_t>& accounts, int64_t above, int64_t stable) {
  using Result = std::vector<int64_t>;
  return pool_.Read<Result>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Result> {
    bool lately = stable - above < kLately;
    Result changed;
    for (const pqxx::row& row :
         tx.Exec(lately ? kChangedLately : kChangedLongSince, pg::Array(accounts), above)) {
      changed.push_back(row[0].as<int64_t>());
    }
    return changed;
  });
}

}  // namespace chat::messaging
