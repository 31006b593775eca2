// The columns that make a MessageRow or a NoticeRow, and their reading. A statement names the
// message `m` and uses kMessageColumns with kMessageJoins, or the notice `n` likewise.
#pragma once

#include <pqxx/pqxx>

#include "services/messaging/rows.h"

// Text, so that a statement stays one constant.
#define CHAT_MESSAGE_COLUMNS                                                                  \
  "m.id, m.position, m.previous, m.prev, m.feed_id, m.created_ms, m.committed_ms, m.status, " \
  "m.edited, m.body, author.phone_id AS from_text, "                                          \
  "coalesce(mr.name_id, other.phone_id) AS to_text, "                                         \
  "author.account_id AS from_account, coalesce(other.account_id, 0) AS to_account, "          \
  "coalesce(mr.members_version, 0) AS members_version"
#define CHAT_MESSAGE_JOINS                                                      \
  "JOIN messaging.feed mf ON mf.id = m.feed_id "                                \
  "JOIN messaging.roster author ON author.roster_id = m.author "                \
  "LEFT JOIN messaging.room mr ON mf.kind = 'room' AND mr.feed_id = m.feed_id " \
  "LEFT JOIN messaging.roster other ON mf.kind = 'p2p' "                        \
  "AND other.roster_id = mf.a + mf.b - m.author "

// The halves of a p2p feed's topic are sorted as bytes (PROTOCOL 6.4).
#define CHAT_NOTICE_COLUMNS                                                            \
  "n.position, n.previous, n.feed_id, n.committed_ms, n.rosters_changed, n.record, "   \
  "coalesce(nr.members_version, 0) AS members_version, coalesce(CASE nf.kind "         \
  "WHEN 'ses' THEN (SELECT 'ses/' || split_part(r.phone_id, '_', 1) "                  \
  "  FROM messaging.roster r WHERE r.account_id = nf.a ORDER BY r.roster_id LIMIT 1) " \
  "WHEN 'room' THEN 'room/' || nr.name_id "                                            \
  "ELSE (SELECT 'p2p/' || min(r.phone_id COLLATE \"C\") || '/' "                       \
  "  || max(r.phone_id COLLATE \"C\") FROM messaging.roster r "                        \
  "  WHERE r.roster_id IN (nf.a, nf.b)) END, '') AS topic, CASE nf.kind "              \
  "WHEN 'ses' THEN nf.a WHEN 'p2p' THEN (SELECT r.account_id FROM messaging.roster r " \
  "  WHERE r.roster_id = nf.a) ELSE 0 END AS one, "                                    \
  "CASE nf.kind WHEN 'p2p' THEN (SELECT r.account_id FROM messaging.roster r "         \
  "  WHERE r.roster_id = nf.b) ELSE 0 END AS other"
#define CHAT_NOTICE_JOINS                        \
  "JOIN messaging.feed nf ON nf.id = n.feed_id " \
  "LEFT JOIN messaging.room nr ON nf.kind = 'room' AND nr.feed_id = n.feed_id "

namespace chat::messaging {

MessageRow ReadMessageRow(const pqxx::row& row);
NoticeRow ReadNoticeRow(const pqxx::row& row);

}  // namespace chat::messaging
