#include "services/messaging/pg_rooms.h"

#include <algorithm>
#include <set>

#include "services/messaging/array_literals.h"
#include "services/messaging/pg_notices.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kRaiseVersion = {
    "messaging_raise_room_version",
    "UPDATE messaging.feed SET version = $2, open = $3 "
    "WHERE kind = 'room' AND a = $1 AND b = 0 AND version < $2 RETURNING id, last_id"};

constexpr pg::Statement kPutRoom = {
    "messaging_put_room",
    "INSERT INTO messaging.room AS r (feed_id, name_id, channel, members_version) "
    "VALUES ($1, $2, $3, $4) ON CONFLICT (feed_id) DO UPDATE SET channel = excluded.channel "
    "RETURNING members_version"};

constexpr pg::Statement kPutMembers = {
    "messaging_put_members",
    "WITH since AS MATERIALIZED (SELECT nextval('messaging.position') AS position) "
    "INSERT INTO messaging.room_member AS b (feed_id, roster_id, account_id, admin, silent, since) "
    "SELECT $1, r.roster_id, r.account_id, u.admin, u.silent, since.position "
    "FROM unnest($2::bigint[], $3::boolean[], $4::boolean[]) AS u (roster_id, admin, silent) "
    "JOIN messaging.roster r ON r.roster_id = u.roster_id CROSS JOIN since "
    "ON CONFLICT (feed_id, roster_id) DO UPDATE SET admin = excluded.admin, "
    "silent = excluded.silent RETURNING b.roster_id, b.account_id, xmax = 0 AS gained"};

// A member has read what was there before it came.
constexpr pg::Statement kStartReaders = {
    "messaging_start_readers",
    "INSERT INTO messaging.reader AS r (feed_id, roster_id, reader) "
    "SELECT $1, u.roster_id, $3 FROM unnest($2::bigint[]) AS u (roster_id) "
    "ON CONFLICT (feed_id, roster_id) DO UPDATE SET reader = greatest(r.reader, excluded.reader)"};

constexpr pg::Statement kDropMembers = {
    "messaging_drop_members",
    "DELETE FROM messaging.room_member WHERE feed_id = $1 "
    "AND ($3 OR roster_id = ANY ($2::bigint[])) RETURNING account_id"};

constexpr pg::Statement kSetMembersVersion = {
    "messaging_set_members_version",
    "UPDATE messaging.room SET members_version = $2 WHERE feed_id = $1"};

constexpr pg::Statement kRoomFeeds = {
    "messaging_room_feeds",
    "SELECT DISTINCT b.feed_id, r.members_version, b.account_id FROM messaging.room_member b "
    "JOIN messaging.room r ON r.feed_id = b.feed_id WHERE b.account_id = ANY ($1::bigint[]) "
    "ORDER BY b.feed_id"};

// More than these are told of their loss on `ses/` only.
constexpr size_t kNamedLosers = 1000;

Announced Hint(int64_t account) {
  Announced hint;
  hint.event.set_lane(v1::Event::TRANSIENT);
  hint.event.mutable_change()->set_rooms(true);
  hint.to.push_back(AccountId{account});
  return hint;
}

// The rosters and accounts that gained the room.
struct Gained {
  std::vector<int64_t> rosters;
  std::set<int64_t> accounts;
};

Gained PutMembers(pg::Tx& tx, int64_t feed, const v1::RoomChange& change) {
  Gained gained;
  ArrayLiteral ids, admins, silents;
  for (const v1::RoomMember& member : change.set()) {
    ids.Add(member.roster_id());
    admins.AddText(member.admin() ? "t" : "f");
    silents.AddText(member.silent() ? "t" : "f");
  }
  for (const pqxx::row& row :
       tx.Exec(kPutMembers, feed, ids.text(), admins.text(), silents.text())) {
    if (!row["gained"].as<bool>()) continue;
    gained.rosters.push_back(row["roster_id"].as<int64_t>());
    gained.accounts.insert(row["account_id"].as<int64_t>());
  }
  return gained;
}

}  // namespace

RoomEvents ApplyRoom(pg::Tx& tx, const v1::RoomChange& change) {
  RoomEvents out;
  pqxx::result raised = tx.Exec(kRaiseVersion, change.room_id(), change.version(), change.open());
  if (raised.empty()) return out;
  const int64_t feed = raised[0]["id"].as<int64_t>();
  int64_t version =
      tx.Exec(kPutRoom, feed, change.name_id(), change.channel(), change.version())[0][0]
          .as<int64_t>();
  std::set<int64_t> concerned;
  if (!change.set().empty()) {
    const Gained gained = PutMembers(tx, feed, change);
    if (!gained.rosters.empty()) {
      tx.Exec(kStartReaders, feed, pg::Array(gained.rosters), raised[0]["last_id"].as<int64_t>());
      tx.Exec(kSetMembersVersion, feed, change.version());
      version = change.version();
    }
    concerned = gained.accounts;
  }
  std::vector<int64_t> losers;
  if (!change.lost().empty() || !change.open()) {
    for (const pqxx::row& row :
         tx.Exec(kDropMembers, feed, pg::Array({change.lost().begin(), change.lost().end()}),
                 !change.open())) {
      losers.push_back(row["account_id"].as<int64_t>());
    }
    concerned.insert(losers.begin(), losers.end());
    if (!losers.empty()) tx.Exec(kSetMembersVersion, feed, change.version());
    if (losers.size() > kNamedLosers) losers.clear();
  }
  // Rendered with the version before the loss: those who lose the room hear of it there, too.
  const FeedKey key{"room", change.room_id()};
  for (const v1::RoomBroadcast& broadcast : change.broadcasts()) {
    std::vector<Announced> events =
        broadcast.has_system() ? AddSystemMessage(tx, FeedId{feed}, broadcast.system())
                               : AddNotices(tx, {{key, broadcast.record().SerializeAsString()}});
    for (Announced& event : events) {
      event.event.set_members_version(version);
      event.event.mutable_losers()->Add(losers.begin(), losers.end());
      out.durable.push_back(std::move(event));
    }
  }
  for (int64_t account : concerned) out.hints.push_back(Hint(account));
  return out;
}

std::vector<v1::RoomFeed> RoomFeedsOf(pg::Tx& tx, const std::vector<int64_t>& accounts) {
  std::vector<v1::RoomFeed> feeds;
  for (const pqxx::row& row : tx.Exec(kRoomFeeds, pg::Array(accounts))) {
    const int64_t feed = row["feed_id"].as<int64_t>();
    if (feeds.empty() || feeds.back().feed() != feed) {
      feeds.emplace_back();
      feeds.back().set_feed(feed);
      feeds.back().set_members_version(row["members_version"].as<int64_t>());
    }
    feeds.back().add_account_id(row["account_id"].as<int64_t>());
  }
  return feeds;
}

}  // namespace chat::messaging
