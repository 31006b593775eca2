#include "services/messaging/pg_projection_store.h"

#include <algorithm>
#include <utility>

#include "libs/base/status.h"
#include "services/messaging/array_literals.h"
#include "services/messaging/pg_notices.h"

namespace chat::messaging {

namespace {

constexpr pg::Statement kMarkApplied = {
    "messaging_mark_applied",
    "INSERT INTO messaging.applied (source, sequence) "
    "SELECT source, sequence FROM unnest($1::text[], $2::bigint[]) AS u (source, sequence) "
    "ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING source, sequence"};

constexpr pg::Statement kCreateFeeds = {
    "messaging_create_feeds",
    "INSERT INTO messaging.feed (kind, a, b, open) "
    "SELECT DISTINCT kind::messaging.feed_kind, a, b, open "
    "FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::boolean[]) AS u (kind, a, b, open) "
    "ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING"};

// All feeds that the request touches, in order of id, before any position is drawn: two requests
// cannot wait for each other.
constexpr pg::Statement kLockFeeds = {
    "messaging_lock_feeds",
    "SELECT f.id FROM messaging.feed f "
    "JOIN (SELECT DISTINCT kind::messaging.feed_kind, a, b "
    "      FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u (kind, a, b)) k "
    "ON f.kind = k.kind AND f.a = k.a AND f.b = k.b ORDER BY f.id FOR UPDATE OF f"};

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

constexpr pg::Statement kP2pAccess = {
    "messaging_p2p_access",
    "SELECT f.open FROM messaging.roster one JOIN messaging.roster other ON other.phone_id = $3 "
    "JOIN messaging.feed f ON f.kind = 'p2p' AND f.a = least(one.roster_id, other.roster_id) "
    "AND f.b = greatest(one.roster_id, other.roster_id) "
    "WHERE one.phone_id = $2 AND $1 IN (one.account_id, other.account_id)"};

constexpr pg::Statement kFriend = {
    "messaging_friend",
    "SELECT p.account_id FROM messaging.roster p JOIN messaging.feed f ON f.kind = 'p2p' "
    "AND f.a = least($1, p.roster_id) AND f.b = greatest($1, p.roster_id) "
    "WHERE p.phone_id = $2 AND f.open"};

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

struct FeedKeys {
  ArrayLiteral kinds, as, bs, opens;
  void Add(const char* kind, int64_t a, int64_t b, bool open) {
    kinds.AddText(kind);
    as.Add(a);
    bs.Add(b);
    opens.AddText(open ? "t" : "f");
  }
};

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
    case v1::Change::CHANGE_NOT_SET:
      break;
  }
  return absl::InvalidArgumentError("Change: of an unknown kind");
}

void AddFeeds(const v1::Change& change, FeedKeys* keys) {
  if (change.has_roster()) {
    keys->Add("ses", change.roster().account_id(), 0, true);
    keys->Add("p2p", change.roster().roster_id(), change.roster().roster_id(), true);
  } else if (change.has_friendship()) {
    auto [a, b] = std::minmax({change.friendship().roster_a(), change.friendship().roster_b()});
    keys->Add("p2p", a, b, false);
  } else {
    keys->Add("ses", change.notice().account_id(), 0, true);
  }
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
  FeedKeys keys;
  for (const v1::Change* change : changes) AddFeeds(*change, &keys);
  tx.Exec(kCreateFeeds, keys.kinds.text(), keys.as.text(), keys.bs.text(), keys.opens.text());
  tx.Exec(kLockFeeds, keys.kinds.text(), keys.as.text(), keys.bs.text());
  std::vector<NewNotice> notices;
  for (const v1::Change* change : changes) {
    if (change->has_roster()) {
      const v1::RosterProjection& roster = change->roster();
      tx.Exec(kPutRoster, roster.roster_id(), roster.account_id(), roster.phone_id());
    } else if (change->has_friendship()) {
      const v1::FriendshipChange& friendship = change->friendship();
      auto [a, b] = std::minmax({friendship.roster_a(), friendship.roster_b()});
      tx.Exec(kSetFriendship, a, b, friendship.open(), friendship.version());
    } else {
      const v1::Notice& notice = change->notice();
      notices.push_back({AccountId{notice.account_id()}, notice.record().SerializeAsString(),
                         notice.rosters_changed()});
    }
  }
  return AppendNotices(tx, notices);
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
                                                                      const std::string& topic) {
  size_t slash = topic.find('/');
  std::string family = topic.substr(0, slash);
  std::string rest = slash == std::string::npos ? "" : topic.substr(slash + 1);
  if (family == "p2p") {
    slash = rest.find('/');
    if (slash == std::string::npos) return Access();
    std::string left = rest.substr(0, slash);
    std::string right = rest.substr(slash + 1);
    if (left > right || !PhoneId::Parse(left) || !PhoneId::Parse(right)) return Access();
    return pool_.Get<Access>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Access> {
      pqxx::result rows = tx.Exec(kP2pAccess, account.value, left, right);
      bool open = !rows.empty() && rows[0]["open"].as<bool>();
      return Access{open, open};
    });
  }
  bool phone = family == "ses" && NormalisePhone(rest) == rest;
  bool phone_id = family == "ac" && PhoneId::Parse(rest).has_value();
  if (!phone && !phone_id) return Access();
  return pool_.Get<Access>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Access> {
    pqxx::result rows = tx.Exec(phone ? kPhoneAccess : kPhoneIdAccess, account.value, rest);
    bool own = rows[0]["own"].as<bool>();
    bool friendly = rows[0]["friendly"].as<bool>();
    if (phone) return Access{own, own || friendly};
    return Access{friendly && !own, own};
  });
}

absl::StatusOr<std::optional<AccountId>> PgProjectionStore::Friend(pg::Deadline deadline,
                                                                   RosterId roster,
                                                                   const std::string& phone_id) {
  using Found = std::optional<AccountId>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    pqxx::result rows = tx.Exec(kFriend, roster.value, phone_id);
    if (rows.empty()) return Found();
    return Found(AccountId{rows[0]["account_id"].as<int64_t>()});
  });
}

absl::Status PgProjectionStore::Prune(pg::Deadline deadline, int64_t notice_life_s) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kPruneApplied);
    tx.Exec(kPruneNotices, notice_life_s);
    return absl::OkStatus();
  });
}

}  // namespace chat::messaging
