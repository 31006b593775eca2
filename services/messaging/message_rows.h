// The columns that make a MessageRow or a NoticeRow, and their reading. A statement names the
// message `m` and uses kMessageColumns with kMessageJoins, or the notice `n` likewise.
#pragma once

#include <pqxx/pqxx>

#include "services/messaging/rows.h"

// Text, so that a statement stays one constant.
#define CHAT_MESSAGE_COLUMNS                                                                  \
  "m.id, m.position, m.previous, m.prev, m.feed_id, m.created_ms, m.committed_ms, m.status, " \
  "m.edited, m.body, author.phone_id AS from_text, other.phone_id AS to_text, "               \
  "author.account_id AS from_account, other.account_id AS to_account"
#define CHAT_MESSAGE_JOINS                                       \
  "JOIN messaging.feed mf ON mf.id = m.feed_id "                 \
  "JOIN messaging.roster author ON author.roster_id = m.author " \
  "JOIN messaging.roster other ON other.roster_id = mf.a + mf.b - m.author "

#define CHAT_NOTICE_COLUMNS                                                          \
  "n.position, n.previous, n.feed_id, n.committed_ms, n.rosters_changed, n.record, " \
  "nf.a AS account, coalesce((SELECT r.phone_id FROM messaging.roster r "            \
  "WHERE r.account_id = nf.a ORDER BY r.roster_id LIMIT 1), '') AS phone_id"
#define CHAT_NOTICE_JOINS "JOIN messaging.feed nf ON nf.id = n.feed_id "

namespace chat::messaging {

MessageRow ReadMessageRow(const pqxx::row& row);
NoticeRow ReadNoticeRow(const pqxx::row& row);

}  // namespace chat::messaging
