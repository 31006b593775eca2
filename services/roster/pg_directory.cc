#include "services/roster/pg_directory.h"

#include <cstdlib>
#include <string>

#include "services/roster/pg_rows.h"

namespace chat::roster {
namespace {

constexpr pg::Statement kCountSearch = {
    "roster_count_search",
    "WITH today AS (SELECT (clock_timestamp() AT TIME ZONE 'UTC')::date AS day),"
    " counted AS (SELECT day,"
    " CASE WHEN searches_day = day THEN searches ELSE 0 END AS searches,"
    " CASE WHEN searches_day = day THEN searched_values ELSE 0 END AS searched_values"
    " FROM roster.account, today WHERE id = $1 FOR UPDATE OF account)"
    " UPDATE roster.account a SET searches_day = c.day, searches = c.searches + 1,"
    " searched_values = c.searched_values + $2 FROM counted c"
    " WHERE a.id = $1 AND c.searches < $3 AND c.searched_values + $2 <= $4 RETURNING 1"};
constexpr pg::Statement kSearchesOf = {
    "roster_searches_of",
    "SELECT searches FROM roster.account"
    " WHERE id = $1 AND searches_day = (clock_timestamp() AT TIME ZONE 'UTC')::date"};

constexpr pg::Statement kHidden = {
    "roster_search_hidden",
    "SELECT id FROM roster.roster WHERE account_id = $1 UNION ALL"
    " SELECT roster_id FROM roster.contact WHERE peer_id = $2 AND state = 'banned'"};
// Not who does not want to be found by whoever searches (PROTOCOL O17); $4 is the searching roster.
// A scalar subquery, so that it stays a filter of the index scan and LIMIT ends the scan.
#define CHAT_FINDABLE                                                                     \
  " AND coalesce((SELECT f.search = 0 OR f.search = 1 AND EXISTS (SELECT FROM"            \
  " roster.contact k WHERE k.roster_id = $4 AND k.peer_id = r.id AND k.state = 'friend')" \
  " FROM roster.findable f WHERE f.account_id = r.account_id), true)"
constexpr pg::Statement kByPhone = {
    "roster_search_phone",
    "SELECT r.id FROM unnest($1::text[]) AS given (value)"
    " JOIN roster.account a ON a.phone = given.value JOIN roster.roster r ON r.account_id = a.id"
    " WHERE r.id <> ALL ($2::bigint[])" CHAT_FINDABLE " ORDER BY r.id LIMIT $3"};
constexpr pg::Statement kByNick = {"roster_search_nick",
                                   "SELECT r.id FROM unnest($1::text[]) AS given (value)"
                                   " JOIN roster.roster r ON r.nick_folded = given.value"
                                   " WHERE r.id <> ALL ($2::bigint[])" CHAT_FINDABLE
                                   " ORDER BY r.id LIMIT $3"};
// Of names: every value looks at as many index entries as may be answered, however many match.
constexpr pg::Statement kByNames = {
    "roster_search_names",
    "SELECT DISTINCT hit.id FROM (SELECT upper(value COLLATE \"und-x-icu\") COLLATE \"default\""
    " AS folded FROM unnest($1::text[]) AS given (value)) AS wanted CROSS JOIN LATERAL"
    " (SELECT r.id FROM roster.roster r WHERE r.names_folded = wanted.folded"
    " AND r.id <> ALL ($2::bigint[])" CHAT_FINDABLE
    " ORDER BY r.id LIMIT $3) AS hit ORDER BY hit.id LIMIT $3"};
constexpr pg::Statement kBySurnames = {
    "roster_search_surnames",
    "SELECT DISTINCT hit.id FROM (SELECT upper(value COLLATE \"und-x-icu\") COLLATE \"default\""
    " AS folded FROM unnest($1::text[]) AS given (value)) AS wanted CROSS JOIN LATERAL"
    " (SELECT r.id FROM roster.roster r WHERE r.surnames_folded = wanted.folded"
    " AND r.id <> ALL ($2::bigint[])" CHAT_FINDABLE
    " ORDER BY r.id LIMIT $3) AS hit ORDER BY hit.id LIMIT $3"};
// A prefix is a range that ends before its continuation with the last code point.
constexpr pg::Statement kByNamesPrefix = {
    "roster_search_names_prefix",
    "SELECT DISTINCT hit.id FROM (SELECT upper(value COLLATE \"und-x-icu\") COLLATE \"default\""
    " AS folded FROM unnest($1::text[]) AS given (value)) AS wanted CROSS JOIN LATERAL"
    " (SELECT r.id FROM roster.roster r WHERE r.names_folded ~>=~ wanted.folded"
    " AND r.names_folded ~<~ (wanted.folded || chr(1114111)) AND r.id <> ALL "
    "($2::bigint[])" CHAT_FINDABLE
    " ORDER BY r.names_folded USING ~<~, r.id LIMIT $3) AS hit ORDER BY hit.id LIMIT $3"};
constexpr pg::Statement kBySurnamesPrefix = {
    "roster_search_surnames_prefix",
    "SELECT DISTINCT hit.id FROM (SELECT upper(value COLLATE \"und-x-icu\") COLLATE \"default\""
    " AS folded FROM unnest($1::text[]) AS given (value)) AS wanted CROSS JOIN LATERAL"
    " (SELECT r.id FROM roster.roster r WHERE r.surnames_folded ~>=~ wanted.folded"
    " AND r.surnames_folded ~<~ (wanted.folded || chr(1114111)) AND r.id <> ALL "
    "($2::bigint[])" CHAT_FINDABLE
    " ORDER BY r.surnames_folded USING ~<~, r.id LIMIT $3) AS hit ORDER BY hit.id LIMIT $3"};
constexpr pg::Statement kByEmail = {
    "roster_search_email",
    "SELECT DISTINCT r.id FROM unnest($1::text[]) AS given (value)"
    " JOIN roster.verified_email e ON e.address = lower(given.value)"
    " JOIN roster.roster r ON r.account_id = e.account_id"
    " WHERE r.id <> ALL ($2::bigint[])" CHAT_FINDABLE " ORDER BY r.id LIMIT $3"};
constexpr pg::Statement kFound = {
    "roster_search_found",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms, c.state, coalesce(c.listed, false), coalesce(c.muted, false)"
    " FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " LEFT JOIN roster.contact c ON c.roster_id = $1 AND c.peer_id = r.id"
    " WHERE r.id = ANY ($2::bigint[]) ORDER BY r.id"};

const pg::Statement& StatementOf(SearchBy by) {
  switch (by) {
    case SearchBy::kPhone:
      return kByPhone;
    case SearchBy::kNick:
      return kByNick;
    case SearchBy::kNames:
      return kByNames;
    case SearchBy::kNamesPrefix:
      return kByNamesPrefix;
    case SearchBy::kSurnames:
      return kBySurnames;
    case SearchBy::kSurnamesPrefix:
      return kBySurnamesPrefix;
    case SearchBy::kVerifiedEmail:
      return kByEmail;
  }
  std::abort();
}

std::vector<int64_t> Ids(const pqxx::result& rows) {
  std::vector<int64_t> ids;
  for (const pqxx::row& row : rows) ids.push_back(row[0].as<int64_t>());
  return ids;
}

int64_t OrEndless(int64_t limit) { return limit == 0 ? INT64_MAX : limit; }

}  // namespace

absl::StatusOr<SearchCount> PgDirectory::Count(Deadline deadline, AccountId account, int64_t values,
                                               const SearchLimits& limits) {
  return pool_.Get<SearchCount>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<SearchCount> {
    const int64_t requests = OrEndless(limits.requests_per_day);
    if (!tx.Exec(kCountSearch, account.value, values, requests, OrEndless(limits.values_per_day))
             .empty()) {
      return SearchCount::kWithin;
    }
    const pqxx::result today = tx.Exec(kSearchesOf, account.value);
    const bool spent = !today.empty() && today[0][0].as<int64_t>() >= requests;
    return spent ? SearchCount::kTooManyRequests : SearchCount::kTooManyValues;
  });
}

absl::StatusOr<std::vector<FoundRow>> PgDirectory::Find(Deadline deadline, AccountId account,
                                                        RosterId searching,
                                                        const SearchQuery& query) {
  if (query.values.empty()) return std::vector<FoundRow>();
  return pool_.Get<std::vector<FoundRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<FoundRow>> {
        const std::vector<int64_t> hidden = Ids(tx.Exec(kHidden, account.value, searching.value));
        const std::vector<int64_t> ids =
            Ids(tx.Exec(StatementOf(query.by), pg::TextArray(query.values), pg::Array(hidden),
                        kMaxFound, searching.value));
        std::vector<FoundRow> found;
        if (ids.empty()) return found;
        for (const pqxx::row& row : tx.Exec(kFound, searching.value, pg::Array(ids))) {
          found.push_back({ToRoster(row), ToSide(row)});
        }
        return found;
      });
}

}  // namespace chat::roster
