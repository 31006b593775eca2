#include "services/roster/pg_favourite_store.h"

#include <sstream>
#include <utility>

#include "services/roster/pg_pairs.h"
#include "services/roster/pg_rows.h"

namespace chat::roster {
namespace {

#define CHAT_TAG_COLUMNS                                                                       \
  "r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar, r.update_ms, " \
  "t.id, t.name, t.color FROM roster.tag t JOIN roster.roster r ON r.id = t.roster_id "        \
  "JOIN roster.account a ON a.id = r.account_id "

constexpr pg::Statement kLockAccount = {
    "roster_lock_favourites", "SELECT 1 FROM roster.account WHERE id = $1 FOR NO KEY UPDATE"};
constexpr pg::Statement kTagsOf = {"roster_tags_of",
                                   "SELECT id, name, color FROM roster.tag"
                                   " WHERE roster_id = $1 ORDER BY id"};
constexpr pg::Statement kStarsOf = {
    "roster_stars_of",
    "SELECT message_id, array_to_string(tags, ' ') FROM roster.star WHERE roster_id = $1"
    " ORDER BY message_id"};
constexpr pg::Statement kTagNamed = {
    "roster_tag_named", "SELECT " CHAT_TAG_COLUMNS "WHERE t.roster_id = $1 AND t.name = $2"};
constexpr pg::Statement kFindTag = {
    "roster_find_tag", "SELECT " CHAT_TAG_COLUMNS
                       "WHERE r.account_id = $1 AND CASE WHEN $2::bigint > 0 THEN t.id = $2"
                       " ELSE t.roster_id = $3 AND t.name = $4::text END"};
constexpr pg::Statement kCountTags = {"roster_count_tags",
                                      "SELECT count(*) FROM roster.tag WHERE roster_id = $1"};
constexpr pg::Statement kInsertTag = {
    "roster_insert_tag", "INSERT INTO roster.tag (roster_id, name, color) VALUES ($1, $2, $3)"};
constexpr pg::Statement kWriteTag = {
    "roster_write_tag",
    "UPDATE roster.tag SET name = coalesce($2, name),"
    " color = CASE WHEN $3::text IS NULL THEN color ELSE nullif($3, '') END WHERE id = $1"};
constexpr pg::Statement kDeleteTag = {"roster_delete_tag", "DELETE FROM roster.tag WHERE id = $1"};
constexpr pg::Statement kUntagStars = {
    "roster_untag_stars",
    "UPDATE roster.star SET tags = array_remove(tags, $2::bigint)"
    " WHERE roster_id = $1 AND $2::bigint = ANY (tags)"};
constexpr pg::Statement kForeignTags = {
    "roster_foreign_tags",
    "SELECT 1 FROM unnest($2::bigint[]) AS u (id) WHERE NOT EXISTS"
    " (SELECT FROM roster.tag t WHERE t.id = u.id AND t.roster_id = $1) LIMIT 1"};
constexpr pg::Statement kUpdateStar = {
    "roster_update_star",
    "UPDATE roster.star SET tags = $3::bigint[] WHERE roster_id = $1 AND message_id = $2"};
constexpr pg::Statement kInsertStar = {
    "roster_insert_star",
    "INSERT INTO roster.star (roster_id, message_id, tags) SELECT $1, $2, $3::bigint[]"
    " WHERE (SELECT count(*) FROM roster.star WHERE roster_id = $1) < $4"};
constexpr pg::Statement kDeleteStar = {
    "roster_delete_star",
    "DELETE FROM roster.star WHERE roster_id = $1 AND message_id = $2"
    " RETURNING message_id, array_to_string(tags, ' ')"};

std::optional<std::string> OptionalText(const pqxx::field& field) {
  if (field.is_null()) return std::nullopt;
  return field.as<std::string>();
}

TagRow ToTag(const pqxx::row& row) {
  return {row[9].as<int64_t>(), ToRoster(row), row[10].as<std::string>(), OptionalText(row[11])};
}

StarRow ToStar(const pqxx::row& row) {
  StarRow star{row[0].as<int64_t>(), {}};
  std::istringstream tags(row[1].as<std::string>());
  for (int64_t tag = 0; tags >> tag;) star.tags.push_back(tag);
  return star;
}

pqxx::result FindTag(pg::Tx& tx, AccountId account, const TagKey& key) {
  return tx.Exec(kFindTag, account.value, key.id, key.roster.value, key.name);
}

}  // namespace

absl::StatusOr<Favourites> PgFavouriteStore::Of(Deadline deadline, const RosterRow& roster) {
  return pool_.Read<Favourites>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Favourites> {
    Favourites found;
    for (const pqxx::row& row : tx.Exec(kTagsOf, roster.id.value)) {
      found.tags.push_back(
          {row[0].as<int64_t>(), roster, row[1].as<std::string>(), OptionalText(row[2])});
    }
    for (const pqxx::row& row : tx.Exec(kStarsOf, roster.id.value)) {
      found.stars.push_back(ToStar(row));
    }
    return found;
  });
}

absl::Status PgFavouriteStore::CreateTag(Deadline deadline, const TagRow& tag,
                                         const TagNotice& notice) {
  const AccountId account = tag.roster.account;
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, account.value);
    pqxx::result stored = tx.Exec(kTagNamed, tag.roster.id.value, tag.name);
    if (stored.empty()) {
      if (tx.Exec(kCountTags, tag.roster.id.value)[0][0].as<int64_t>() >= limits_.tags) {
        return absl::ResourceExhaustedError("the roster has no room for a tag");
      }
      tx.Exec(kInsertTag, tag.roster.id.value, tag.name, tag.color);
      stored = tx.Exec(kTagNamed, tag.roster.id.value, tag.name);
    }
    Tell(outbox_, tx, AccountKey(account), {notice(ToTag(stored[0]))});
    return absl::OkStatus();
  });
}

absl::Status PgFavouriteStore::EditTag(Deadline deadline, AccountId account, const TagKey& key,
                                       const std::optional<std::string>& name,
                                       const std::optional<std::string>& color,
                                       const TagNotice& notice) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, account.value);
    const pqxx::result stored = FindTag(tx, account, key);
    if (stored.empty()) return absl::NotFoundError("no such tag");
    const TagRow tag = ToTag(stored[0]);
    tx.Exec(kWriteTag, tag.id, name, color);
    Tell(outbox_, tx, AccountKey(account),
         {notice(ToTag(FindTag(tx, account, {tag.id, tag.roster.id, ""})[0]))});
    return absl::OkStatus();
  });
}

absl::Status PgFavouriteStore::RemoveTag(Deadline deadline, AccountId account, const TagKey& key,
                                         const TagNotice& notice) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, account.value);
    const pqxx::result stored = FindTag(tx, account, key);
    if (stored.empty()) return absl::NotFoundError("no such tag");
    const TagRow tag = ToTag(stored[0]);
    tx.Exec(kUntagStars, tag.roster.id.value, tag.id);
    tx.Exec(kDeleteTag, tag.id);
    Tell(outbox_, tx, AccountKey(account), {notice(tag)});
    return absl::OkStatus();
  });
}

absl::Status PgFavouriteStore::PutStar(Deadline deadline, const RosterRow& roster,
                                       const StarRow& star, const v1::Change& notice) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, roster.account.value);
    const std::string tags = pg::Array(star.tags);
    if (!tx.Exec(kForeignTags, roster.id.value, tags).empty()) {
      return absl::InvalidArgumentError("a tag is none of the roster's");
    }
    const bool known =
        tx.Exec(kUpdateStar, roster.id.value, star.message_id, tags).affected_rows() > 0;
    if (!known && tx.Exec(kInsertStar, roster.id.value, star.message_id, tags, limits_.stars)
                          .affected_rows() == 0) {
      return absl::ResourceExhaustedError("the roster has no room for a star");
    }
    Tell(outbox_, tx, AccountKey(roster.account), {notice});
    return absl::OkStatus();
  });
}

absl::Status PgFavouriteStore::RemoveStar(Deadline deadline, const RosterRow& roster,
                                          int64_t message_id, const StarNotice& notice) {
  return pool_.Run(deadline, [&](pg::Tx& tx) -> absl::Status {
    tx.Exec(kLockAccount, roster.account.value);
    const pqxx::result stored = tx.Exec(kDeleteStar, roster.id.value, message_id);
    if (stored.empty()) return absl::NotFoundError("not starred");
    Tell(outbox_, tx, AccountKey(roster.account), {notice(ToStar(stored[0]))});
    return absl::OkStatus();
  });
}

}  // namespace chat::roster
