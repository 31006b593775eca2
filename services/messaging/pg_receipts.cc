#include "services/messaging/pg_receipts.h"

#include <string>

#include "services/messaging/render.h"

namespace chat::messaging {

namespace {

constexpr uint32_t kReceiptQos = 1;
// Members of a room that carries receipts (PROTOCOL O21).
#define CHAT_SMALL_ROOM(feed)                                                         \
  "(SELECT count(*) FROM (SELECT 1 FROM messaging.room_member big WHERE big.feed_id " \
  "= " feed " LIMIT 201) members) <= 200"

// What a receipt says: the reader's phone id, its mark, and the feed's name.
#define CHAT_RECEIPT_COLUMNS                                                                 \
  "reader.phone_id AS reader_id, r.reader, coalesce(room.name_id, '') AS room, "             \
  "coalesce((SELECT p.phone_id FROM messaging.roster p WHERE f.kind = 'p2p' "                \
  "AND p.roster_id = f.a), '') AS one, coalesce((SELECT p.phone_id FROM messaging.roster p " \
  "WHERE f.kind = 'p2p' AND p.roster_id = f.b), '') AS other"
#define CHAT_RECEIPT_JOINS                                          \
  "JOIN messaging.feed f ON f.id = r.feed_id "                      \
  "JOIN messaging.roster reader ON reader.roster_id = r.roster_id " \
  "LEFT JOIN messaging.room room ON room.feed_id = r.feed_id "

constexpr pg::Statement kTake = {
    "messaging_take_receipt",
    "WITH before AS (SELECT feed_id, roster_id, told FROM messaging.reader "
    "  WHERE feed_id = $1 AND roster_id = $2 AND reader > told AND told_ms <= "
    "  (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1000 FOR UPDATE"
    ") UPDATE messaging.reader r SET told = r.reader, "
    "told_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM before "
    "WHERE r.feed_id = before.feed_id AND r.roster_id = before.roster_id RETURNING before.told"};

constexpr pg::Statement kRisen = {
    "messaging_receipt_risen",
    "SELECT 1 FROM messaging.reader WHERE feed_id = $1 AND roster_id = $2 AND reader > told"};

constexpr pg::Statement kAuthors = {
    "messaging_receipt_authors",
    "SELECT " CHAT_RECEIPT_COLUMNS
    ", author.account_id, split_part(author.phone_id, '_', 1) AS phone "
    "FROM messaging.reader r " CHAT_RECEIPT_JOINS
    "CROSS JOIN LATERAL (SELECT DISTINCT m.author FROM messaging.message m "
    "  WHERE m.feed_id = r.feed_id AND m.id > $3 AND m.id <= r.reader AND m.author <> $2 "
    "  AND m.status = 5) wrote "
    "JOIN messaging.roster author ON author.roster_id = wrote.author "
    "WHERE r.feed_id = $1 AND r.roster_id = $2 AND " CHAT_SMALL_ROOM("r.feed_id")};

constexpr pg::Statement kAbove = {
    "messaging_receipts_above",
    "SELECT " CHAT_RECEIPT_COLUMNS
    ", mine.account_id, split_part(mine.phone_id, '_', 1) AS phone FROM ("
    "  SELECT g.id AS feed_id, own.roster_id AS own, g.a + g.b - own.roster_id AS peer "
    "  FROM messaging.roster own JOIN messaging.feed g ON g.kind = 'p2p' "
    "  AND g.a = own.roster_id AND g.b <> g.a WHERE own.account_id = $1 AND g.open UNION ALL "
    "  SELECT g.id, own.roster_id, g.a FROM messaging.roster own JOIN messaging.feed g "
    "  ON g.kind = 'p2p' AND g.b = own.roster_id AND g.a <> g.b "
    "  WHERE own.account_id = $1 AND g.open UNION ALL "
    "  SELECT b.feed_id, b.roster_id, other.roster_id FROM messaging.room_member b "
    "  JOIN messaging.room_member other ON other.feed_id = b.feed_id "
    "  AND other.account_id <> b.account_id "
    "  WHERE b.account_id = $1 AND " CHAT_SMALL_ROOM("b.feed_id")
    ") known JOIN messaging.reader r ON r.feed_id = known.feed_id AND r.roster_id = known.peer "
    CHAT_RECEIPT_JOINS "JOIN messaging.roster mine ON mine.roster_id = known.own "
    "WHERE r.marked > $2 AND EXISTS (SELECT 1 FROM messaging.message m "
    "  WHERE m.author = known.own AND m.feed_id = r.feed_id AND m.id <= r.reader "
    "  AND m.status = 5) ORDER BY r.marked DESC LIMIT 500"};

Receipt ReadReceipt(const pqxx::row& row) {
  Receipt receipt;
  receipt.to.value = row["account_id"].as<int64_t>();
  v1::Event& event = receipt.event;
  event.set_lane(v1::Event::TRANSIENT);
  event.set_topic("ses/" + std::string(row["phone"].c_str()));
  event.set_qos(kReceiptQos);
  v1::History& history = *event.mutable_record()->mutable_history();
  history.set_roster_id(row["reader_id"].c_str());
  const std::string room = row["room"].c_str();
  if (room.empty()) {
    *history.mutable_p2p() = SortedPair(row["one"].c_str(), row["other"].c_str());
  } else {
    history.mutable_muc()->set_name(room);
  }
  history.set_entity_id(row["reader"].as<int64_t>());
  history.set_status(v1::History::UPDATED);
  return receipt;
}

}  // namespace

ReceiptsDue TakeReceipts(pg::Tx& tx, FeedId feed, RosterId reader) {
  ReceiptsDue due;
  pqxx::result taken = tx.Exec(kTake, feed.value, reader.value);
  if (taken.empty()) {
    due.later = !tx.Exec(kRisen, feed.value, reader.value).empty();
    return due;
  }
  for (const pqxx::row& row :
       tx.Exec(kAuthors, feed.value, reader.value, taken[0]["told"].as<int64_t>())) {
    due.receipts.push_back(ReadReceipt(row));
  }
  return due;
}

std::vector<v1::Event> ReceiptsAbove(pg::Tx& tx, AccountId account, int64_t position) {
  std::vector<v1::Event> events;
  for (const pqxx::row& row : tx.Exec(kAbove, account.value, position)) {
    events.push_back(ReadReceipt(row).event);
  }
  return events;
}

}  // namespace chat::messaging
