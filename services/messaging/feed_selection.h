// The feeds whose events reach an account: open p2p feeds of its rosters, its self feeds, its
// rooms, its `ses` feed. A closed feed is not replayed, a reopened one from where it was opened, a
// room from where the account's first roster in it came (O9).
#pragma once

// A FROM item `f` (id, above): feeds of account $1 that moved above position $2.
#define CHAT_MOVED_FEEDS                                                    \
  "(SELECT g.id, greatest($2, g.opened_at) AS above FROM messaging.feed g " \
  " JOIN messaging.roster r ON g.a = r.roster_id "                          \
  " WHERE g.kind = 'p2p' AND r.account_id = $1 AND g.open AND g.top > $2 "  \
  "UNION SELECT g.id, greatest($2, g.opened_at) FROM messaging.feed g "     \
  " JOIN messaging.roster r ON g.b = r.roster_id "                          \
  " WHERE g.kind = 'p2p' AND r.account_id = $1 AND g.open AND g.top > $2 "  \
  "UNION SELECT g.id, greatest($2, min(b.since)) FROM messaging.feed g "    \
  " JOIN messaging.room_member b ON b.feed_id = g.id "                      \
  " WHERE b.account_id = $1 AND g.top > $2 GROUP BY g.id "                  \
  "UNION SELECT g.id, $2 FROM messaging.feed g "                            \
  " WHERE g.kind = 'ses' AND g.a = $1 AND g.b = 0 AND g.top > $2) f "
