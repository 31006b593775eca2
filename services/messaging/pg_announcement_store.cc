#include "services/messaging/pg_announcement_store.h"

#include <algorithm>

#include "libs/base/status.h"
#include "services/messaging/message_rows.h"
#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kDeletePublished = {
    "messaging_delete_published",
    "DELETE FROM messaging.announcement WHERE id IN (SELECT id FROM messaging.announcement "
    "WHERE id = ANY ($1::bigint[]) FOR UPDATE SKIP LOCKED)"};

constexpr pg::Statement kClaimOverdue = {
    "messaging_claim_overdue",
    "UPDATE messaging.announcement SET claimed = clock_timestamp() WHERE id IN "
    "(SELECT id FROM messaging.announcement WHERE claimed < clock_timestamp() - interval '1 "
    "second' "
    "ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING id, low, high, feeds"};

constexpr pg::Statement kMessagesBetween = {
    "messaging_messages_between",
    "SELECT " CHAT_MESSAGE_COLUMNS " FROM messaging.message m " CHAT_MESSAGE_JOINS
    "WHERE m.feed_id = ANY ($1::bigint[]) AND m.position BETWEEN $2 AND $3 ORDER BY m.position"};

constexpr pg::Statement kNoticesBetween = {
    "messaging_notices_between",
    "SELECT " CHAT_NOTICE_COLUMNS " FROM messaging.notice n " CHAT_NOTICE_JOINS
    "WHERE n.feed_id = ANY ($1::bigint[]) AND n.position BETWEEN $2 AND $3 ORDER BY n.position"};

constexpr pg::Statement kLastPosition = {
    "messaging_last_position",
    "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM messaging.position"};

// Assigns a transaction id and, because it leaves a record in the write-ahead log, makes the commit
// flush all that was logged before, the numbers of the sequence included: a crash of the server
// cannot give a position up to the mark out again.
constexpr pg::Statement kAssignXid = {"messaging_assign_xid",
                                      "SELECT pg_logical_emit_message(true, 'chat', ''), "
                                      "pg_current_xact_id()::text::bigint AS xid"};

constexpr pg::Statement kHorizonView = {
    "messaging_horizon_view",
    "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest, "
    "coalesce(least((SELECT min(low) FROM messaging.announcement), "
    "(SELECT min(held) FROM messaging.announcement WHERE held IS NOT NULL)), 0) AS unpublished"};

Announcement ReadAnnouncement(pg::Tx& tx, const pqxx::row& row) {
  Announcement out;
  out.id = row["id"].as<int64_t>();
  std::string feeds = row["feeds"].c_str();
  int64_t low = row["low"].as<int64_t>();
  int64_t high = row["high"].as<int64_t>();
  for (const pqxx::row& message : tx.Exec(kMessagesBetween, feeds, low, high)) {
    out.events.push_back(RenderEvent(ReadMessageRow(message)));
  }
  for (const pqxx::row& notice : tx.Exec(kNoticesBetween, feeds, low, high)) {
    NoticeRow read = ReadNoticeRow(notice);
    if (!read.topic.empty()) out.events.push_back(RenderEvent(read));
  }
  std::sort(out.events.begin(), out.events.end(), [](const Announced& a, const Announced& b) {
    return a.event.position() < b.event.position();
  });
  return out;
}

}  // namespace

absl::Status PgAnnouncementStore::DeletePublished(pg::Deadline deadline,
                                                  const std::vector<int64_t>& ids) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kDeletePublished, pg::Array(ids));
    return absl::OkStatus();
  });
}

absl::StatusOr<std::vector<Announcement>> PgAnnouncementStore::ClaimOverdue(pg::Deadline deadline,
                                                                            int limit) {
  using Result = std::vector<Announcement>;
  return pool_.Get<Result>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Result> {
    Result claimed;
    for (const pqxx::row& row : tx.Exec(kClaimOverdue, limit)) {
      claimed.push_back(ReadAnnouncement(tx, row));
    }
    std::sort(claimed.begin(), claimed.end(),
              [](const Announcement& a, const Announcement& b) { return a.id < b.id; });
    return claimed;
  });
}

absl::StatusOr<HorizonMark> PgAnnouncementStore::Mark(pg::Deadline deadline, int64_t above) {
  return pool_.Get<HorizonMark>(deadline, [above](pg::Tx& tx) -> absl::StatusOr<HorizonMark> {
    HorizonMark mark;
    mark.position = tx.Exec(kLastPosition)[0]["position"].as<int64_t>();
    if (mark.position > above) mark.xid = tx.Exec(kAssignXid)[0]["xid"].as<int64_t>();
    return mark;
  });
}

absl::StatusOr<HorizonView> PgAnnouncementStore::View(pg::Deadline deadline) {
  return pool_.Get<HorizonView>(deadline, [](pg::Tx& tx) -> absl::StatusOr<HorizonView> {
    pqxx::result rows = tx.Exec(kHorizonView);
    return HorizonView{rows[0]["oldest"].as<int64_t>(), rows[0]["unpublished"].as<int64_t>()};
  });
}

}  // namespace chat::messaging
