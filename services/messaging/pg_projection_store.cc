#include "services/messaging/pg_projection_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "libs/base/status.h"
#include "services/messaging/array_literals.h"
#include "services/messaging/feed_topic.h"
#include "services/messaging/pg_notices.h"
#include "services/messaging/pg_rooms.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kMarkApplied = {
    "messaging_mark_applied",
    "INSERT INTO messaging.applied (source, sequence) "
    "SELECT source, sequence FROM unnest($1::text[], $2::bigint[]) AS u (source, sequence) "
    "ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING source, sequence"};

constexpr pg::Statement kPutRoster = {
    "messaging_put_roster",
    "INSERT INTO messaging.roster (roster_id, account_id, phone_id) VALUES ($1, $2, $3) "
    "ON CONFLICT (roster_id) DO UPDATE SET account_id = excluded.account_id, "
    "phone_id = excluded.phone_id"};

// An opening takes a place in the order, under the lock: replay starts there (O9).
constexpr pg::Statement kSetFriendship = {
    "messaging_set_friendship",
    "UPDATE messaging.feed SET version = $4, open = $3, "
    "opened_at = CASE WHEN $3 AND NOT open THEN nextval('messaging.position') ELSE opened_at END "
    "WHERE kind = 'p2p' AND a = $1 AND b = $2 AND version < $4"};

constexpr pg::Statement kP2pKey = {
    "messaging_p2p_key",
    "SELECT least(one.roster_id, other.roster_id) AS a, greatest(one.roster_id, other.roster_id) "
    "AS b FROM messaging.roster one, messaging.roster other "
    "WHERE one.phone_id = $1 AND other.phone_id = $2"};

constexpr pg::Statement kRoomKey = {
    "messaging_room_key",
    "SELECT f.a FROM messaging.room r JOIN messaging.feed f ON f.id = r.feed_id "
    "WHERE r.name_id = $1"};

// What the account may do in the room, by the best of its rosters there.
constexpr pg::Statement kRoomAccess = {
    "messaging_room_access",
    "SELECT bool_or(NOT b.silent AND (b.admin OR NOT r.channel)) AS may_write FROM messaging.room "
    "r "
    "JOIN messaging.room_member b ON b.feed_id = r.feed_id "
    "WHERE r.name_id = $2 AND b.account_id = $1 HAVING count(*) > 0"};

// Whether a roster of the account shares a room with another one's.
constexpr pg::Statement kSharesRoom = {
    "messaging_shares_room",
    "SELECT 1 FROM messaging.roster t JOIN messaging.room_member theirs "
    "ON theirs.roster_id = t.roster_id JOIN messaging.room_member mine "
    "ON mine.feed_id = theirs.feed_id AND mine.account_id = $1 "
    "WHERE t.phone_id = $2 AND t.account_id <> $1 LIMIT 1"};

constexpr pg::Statement kP2pAudience = {
    "messaging_p2p_audience",
    "SELECT DISTINCT account_id FROM messaging.roster WHERE phone_id IN ($1, $2)"};

constexpr pg::Statement kRoomAudience = {
    "messaging_room_audience",
    "SELECT r.feed_id, r.members_version, EXISTS (SELECT 1 FROM messaging.room_member b "
    "WHERE b.feed_id = r.feed_id AND b.roster_id = $2) AS member "
    "FROM messaging.room r WHERE r.name_id = $1"};

constexpr pg::Statement kP2pAccess = {
    "messaging_p2p_access",
    "SELECT f.open FROM messaging.roster one JOIN messaging.roster other ON other.phone_id = $3 "
    "JOIN messaging.feed f ON f.kind = 'p2p' AND f.a = least(one.roster_id, other.roster_id) "
    "AND f.b = greatest(one.roster_id, other.roster_id) "
    "WHERE one.phone_id = $2 AND $1 IN (one.account_id, other.account_id)"};

// Whether the rosters of a phone, or one phone id, are the account's own, and a friend's.
#define CHAT_PERSON_ACCESS                                                              \
  "SELECT coalesce(bool_or(t.account_id = $1), false) AS own, "                         \
  "coalesce(bool_or(EXISTS (SELECT 1 FROM messaging.roster mine JOIN messaging.feed f " \
  "  ON f.kind = 'p2p' AND f.a = least(mine.roster_id, t.roster_id) "                   \
  "  AND f.b = greatest(mine.roster_id, t.roster_id) "                                  \
  "  WHERE mine.account_id = $1 AND f.open)), false) AS friendly FROM messaging.roster t "
constexpr pg::Statement kPhoneAccess = {
    "messaging_phone_access", CHAT_PERSON_ACCESS "WHERE split_part(t.phone_id, '_', 1) = $2"};
constexpr pg::Statement kPhoneIdAccess = {"messaging_phone_id_access",
                                          CHAT_PERSON_ACCESS "WHERE t.phone_id = $2"};

constexpr pg::Statement kPruneApplied = {
    "messaging_prune_applied",
    "DELETE FROM messaging.applied WHERE ctid IN (SELECT ctid FROM messaging.applied "
    "WHERE applied_at < now() - interval '7 days' ORDER BY applied_at LIMIT 10000)"};

constexpr pg::Statement kPruneNotices = {
    "messaging_prune_notices",
    "DELETE FROM messaging.notice WHERE position IN (SELECT position FROM "
    "(SELECT position, committed_ms FROM messaging.notice ORDER BY position LIMIT 10000) oldest "
    "WHERE committed_ms < (extract(epoch FROM now()) * 1000)::bigint - $1::bigint * 1000)"};

absl::Status Check(const v1::Change& change) {
  if (change.source().empty()) return absl::InvalidArgumentError("Change.source: empty");
  switch (change.change_case()) {
    case v1::Change::kRoster:
      if (change.roster().roster_id() <= 0 || change.roster().account_id() <= 0 ||
          !PhoneId::Parse(change.roster().phone_id())) {
        return absl::InvalidArgumentError("RosterProjection: an id is missing or malformed");
      }
      return absl::OkStatus();
    case v1::Change::kFriendship: {
      const v1::FriendshipChange& friendship = change.friendship();
      if (friendship.roster_a() <= 0 || friendship.roster_b() <= 0 ||
          friendship.roster_a() == friendship.roster_b() || friendship.version() <= 0) {
        return absl::InvalidArgumentError("FriendshipChange: two roster ids and a version needed");
      }
      return absl::OkStatus();
    }
    case v1::Change::kNotice:
      if (change.notice().account_id() <= 0) {
        return absl::InvalidArgumentError("Notice.account_id: missing");
      }
      return absl::OkStatus();
    case v1::Change::kRoom:
      if (change.room().room_id() <= 0 || change.room().version() <= 0 ||
          !IsRoomId(change.room().name_id())) {
        return absl::InvalidArgumentError("RoomChange: id, name_id or version");
      }
      return absl::OkStatus();
    case v1::Change::kFeedNotice:
      return absl::OkStatus();  // of an unknown feed it is left out
    case v1::Change::CHANGE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("Change: of an unknown kind");
}

// The feed that the change is about; none for a notice on the topic of an unknown feed.
std::optional<FeedKey> FeedOf(pg::Tx& tx, const v1::Change& change) {
  if (change.has_roster()) {
    return FeedKey{"p2p", change.roster().roster_id(), change.roster().roster_id()};
  }
  if (change.has_friendship()) {
    auto [a, b] = std::minmax({change.friendship().roster_a(), change.friendship().roster_b()});
    return FeedKey{"p2p", a, b, false};
  }
  if (change.has_room()) return FeedKey{"room", change.room().room_id()};
  if (change.has_notice()) return FeedKey{"ses", change.notice().account_id()};
  const FeedTopic topic = FeedTopic::Parse(change.feed_notice().topic());
  if (topic.kind == FeedTopic::Kind::kP2p) {
    pqxx::result rows = tx.Exec(kP2pKey, topic.one, topic.other);
    if (!rows.empty()) {
      return FeedKey{"p2p", rows[0]["a"].as<int64_t>(), rows[0]["b"].as<int64_t>(), false};
    }
  } else if (topic.kind == FeedTopic::Kind::kRoom) {
    pqxx::result rows = tx.Exec(kRoomKey, topic.one);
    if (!rows.empty()) return FeedKey{"room", rows[0]["a"].as<int64_t>()};
  }
  return std::nullopt;
}

// The changes that are new, in the order of the request.
std::vector<const v1::Change*> Unapplied(pg::Tx& tx, const v1::ApplyRequest& request) {
  ArrayLiteral sources, sequences;
  for (const v1::Change& change : request.changes()) {
    sources.AddText(change.source());
    sequences.Add(change.sequence());
  }
  std::set<std::pair<std::string, int64_t>> marked;
  for (const pqxx::row& row : tx.Exec(kMarkApplied, sources.text(), sequences.text())) {
    marked.emplace(row["source"].c_str(), row["sequence"].as<int64_t>());
  }
  std::vector<const v1::Change*> fresh;
  for (const v1::Change& change : request.changes()) {
    if (marked.erase({change.source(), change.sequence()}) > 0) fresh.push_back(&change);
  }
  return fresh;
}

Announcement ApplyFresh(pg::Tx& tx, const std::vector<const v1::Change*>& changes) {
  std::vector<FeedKey> feeds;
  std::vector<std::optional<FeedKey>> feed_of;
  for (const v1::Change* change : changes) {
    feed_of.push_back(FeedOf(tx, *change));
    if (feed_of.back()) feeds.push_back(*feed_of.back());
    if (change->has_roster()) feeds.push_back({"ses", change->roster().account_id()});
  }
  LockFeeds(tx, feeds);
  std::vector<Announced> events, hints;
  std::vector<NewNotice> notices;
  for (size_t i = 0; i < changes.size(); ++i) {
    const v1::Change& change = *changes[i];
    if (change.has_roster()) {
      const v1::RosterProjection& roster = change.roster();
      tx.Exec(kPutRoster, roster.roster_id(), roster.account_id(), roster.phone_id());
    } else if (change.has_friendship()) {
      tx.Exec(kSetFriendship, feed_of[i]->a, feed_of[i]->b, change.friendship().open(),
              change.friendship().version());
    } else if (change.has_room()) {
      RoomEvents made = ApplyRoom(tx, change.room());
      std::move(made.durable.begin(), made.durable.end(), std::back_inserter(events));
      std::move(made.hints.begin(), made.hints.end(), std::back_inserter(hints));
    } else if (feed_of[i]) {
      const v1::Record& record =
          change.has_notice() ? change.notice().record() : change.feed_notice().record();
      notices.push_back(
          {*feed_of[i], record.SerializeAsString(), change.notice().rosters_changed()});
    }
  }
  std::vector<Announced> told = AddNotices(tx, notices);
  std::move(told.begin(), told.end(), std::back_inserter(events));
  Announcement out = Announce(tx, std::move(events));
  std::move(hints.begin(), hints.end(), std::back_inserter(out.events));
  return out;
}

}  // namespace

absl::StatusOr<Announcement> PgProjectionStore::Apply(pg::Deadline deadline,
                                                      const v1::ApplyRequest& request) {
  for (const v1::Change& change : request.changes()) CHAT_RETURN_IF_ERROR(Check(change));
  return pool_.Get<Announcement>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Announcement> {
    std::vector<const v1::Change*> fresh = Unapplied(tx, request);
    if (fresh.empty()) return Announcement();
    return ApplyFresh(tx, fresh);
  });
}

absl::StatusOr<PgProjectionStore::Access> PgProjectionStore::AccessTo(pg::Deadline deadline,
                                                                      AccountId account,
                                                                      const std::string& text) {
  const FeedTopic topic = FeedTopic::Parse(text);
  if (topic.kind == FeedTopic::Kind::kNone) return Access();
  return pool_.Get<Access>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Access> {
    switch (topic.kind) {
      case FeedTopic::Kind::kP2p: {
        pqxx::result rows = tx.Exec(kP2pAccess, account.value, topic.one, topic.other);
        const bool open = !rows.empty() && rows[0]["open"].as<bool>();
        return Access{open, open};
      }
      case FeedTopic::Kind::kRoom: {
        pqxx::result rows = tx.Exec(kRoomAccess, account.value, topic.one);
        if (rows.empty()) return Access();
        return Access{true, rows[0]["may_write"].as<bool>()};
      }
      case FeedTopic::Kind::kMuc:
        return Access{!tx.Exec(kSharesRoom, account.value, topic.one).empty(), false};
      default: {
        const bool phone = topic.kind == FeedTopic::Kind::kSes;
        pqxx::result rows =
            tx.Exec(phone ? kPhoneAccess : kPhoneIdAccess, account.value, topic.one);
        const bool own = rows[0]["own"].as<bool>();
        const bool friendly = rows[0]["friendly"].as<bool>();
        return phone ? Access{own, own || friendly} : Access{friendly && !own, own};
      }
    }
  });
}

absl::StatusOr<PgProjectionStore::Audience> PgProjectionStore::AudienceOf(pg::Deadline deadline,
                                                                          RosterId member,
                                                                          const std::string& text) {
  const FeedTopic topic = FeedTopic::Parse(text);
  return pool_.Get<Audience>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Audience> {
    Audience audience;
    if (topic.kind == FeedTopic::Kind::kP2p) {
      for (const pqxx::row& row : tx.Exec(kP2pAudience, topic.one, topic.other)) {
        audience.accounts.push_back(AccountId{row[0].as<int64_t>()});
      }
    } else if (topic.kind == FeedTopic::Kind::kRoom) {
      for (const pqxx::row& row : tx.Exec(kRoomAudience, topic.one, member.value)) {
        if (member && !row["member"].as<bool>()) break;
        audience.room = FeedId{row["feed_id"].as<int64_t>()};
        audience.members_version = row["members_version"].as<int64_t>();
      }
    }
    return audience;
  });
}

absl::StatusOr<std::vector<v1::RoomFeed>> PgProjectionStore::RoomFeeds(
    pg::Deadline deadline, const std::vector<int64_t>& accounts) {
  using Feeds = std::vector<v1::RoomFeed>;
  return pool_.Read<Feeds>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<Feeds> { return RoomFeedsOf(tx, accounts); });
}

absl::Status PgProjectionStore::Prune(pg::Deadline deadline, int64_t notice_life_s) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kPruneApplied);
    tx.Exec(kPruneNotices, notice_life_s);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
