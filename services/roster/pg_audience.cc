#include "services/roster/pg_audience.h"

#include "services/roster/pg_rows.h"

namespace chat::roster {
namespace {

constexpr pg::Statement kNow = {"roster_now", "SELECT roster.now_ms()"};
constexpr pg::Statement kRostersOfAccounts = {
    "roster_rosters_of_accounts",
    "SELECT r.id, r.account_id, a.phone, r.names, r.surnames, r.email, r.nick, r.avatar,"
    " r.update_ms FROM roster.roster r JOIN roster.account a ON a.id = r.account_id"
    " WHERE r.account_id = ANY ($1::bigint[]) ORDER BY r.id"};
constexpr pg::Statement kFriendsOf = {
    "roster_friends_of",
    "SELECT DISTINCT c.roster_id, r.account_id FROM roster.contact c"
    " JOIN roster.contact back ON back.roster_id = c.peer_id AND back.peer_id = c.roster_id"
    " AND back.state = 'friend' JOIN roster.roster r ON r.id = c.peer_id"
    " WHERE c.roster_id = ANY ($1::bigint[]) AND c.state = 'friend' ORDER BY 1, 2"};
constexpr pg::Statement kUnbarred = {
    "roster_unbarred",
    "SELECT DISTINCT r.account_id FROM roster.roster r"
    " LEFT JOIN roster.contact mine ON mine.roster_id = $1 AND mine.peer_id = r.id"
    " LEFT JOIN roster.contact theirs ON theirs.roster_id = r.id AND theirs.peer_id = $1"
    " WHERE r.id = ANY ($2::bigint[]) AND r.id <> $1"
    " AND coalesce(mine.state, '') NOT IN ('banned', 'ban')"
    " AND coalesce(theirs.state, '') NOT IN ('banned', 'ban') ORDER BY 1"};
constexpr pg::Statement kReachable = {
    "roster_reachable",
    "SELECT a.id FROM roster.account a WHERE a.phone = $2 AND (a.id = $1 OR EXISTS"
    " (SELECT FROM roster.roster mine JOIN roster.contact c ON c.roster_id = mine.id"
    " AND c.state = 'friend' JOIN roster.roster r ON r.id = c.peer_id AND r.account_id = a.id"
    " JOIN roster.contact back ON back.roster_id = r.id AND back.peer_id = mine.id"
    " AND back.state = 'friend' WHERE mine.account_id = $1)) LIMIT 1"};

template <typename Id>
std::string Values(const std::vector<Id>& ids) {
  std::vector<int64_t> values;
  for (Id id : ids) values.push_back(id.value);
  return pg::Array(values);
}

}  // namespace

absl::StatusOr<int64_t> PgAudience::NowMs(Deadline deadline) {
  return pool_.Read<int64_t>(deadline, [](pg::Tx& tx) -> absl::StatusOr<int64_t> {
    return tx.Exec(kNow)[0][0].as<int64_t>();
  });
}

absl::StatusOr<std::vector<RosterRow>> PgAudience::RostersOf(
    Deadline deadline, const std::vector<AccountId>& accounts) {
  return pool_.Read<std::vector<RosterRow>>(
      deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::vector<RosterRow>> {
        std::vector<RosterRow> rows;
        for (const pqxx::row& row : tx.Exec(kRostersOfAccounts, Values(accounts))) {
          rows.push_back(ToRoster(row));
        }
        return rows;
      });
}

absl::StatusOr<std::map<RosterId, PgAudience::Accounts>> PgAudience::Friends(
    Deadline deadline, const std::vector<RosterId>& rosters) {
  using Found = std::map<RosterId, Accounts>;
  return pool_.Read<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    Found friends;
    for (const pqxx::row& row : tx.Exec(kFriendsOf, Values(rosters))) {
      friends[{row[0].as<int64_t>()}].push_back({row[1].as<int64_t>()});
    }
    return friends;
  });
}

absl::StatusOr<PgAudience::Accounts> PgAudience::Unbarred(Deadline deadline, RosterId roster,
                                                          const std::vector<RosterId>& others) {
  return pool_.Read<Accounts>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Accounts> {
    Accounts accounts;
    for (const pqxx::row& row : tx.Exec(kUnbarred, roster.value, Values(others))) {
      accounts.push_back({row[0].as<int64_t>()});
    }
    return accounts;
  });
}

absl::StatusOr<std::optional<AccountId>> PgAudience::Reachable(Deadline deadline, AccountId account,
                                                               const std::string& phone) {
  using Found = std::optional<AccountId>;
  return pool_.Read<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    const pqxx::result rows = tx.Exec(kReachable, account.value, phone);
    return rows.empty() ? Found() : Found(AccountId{rows[0][0].as<int64_t>()});
  });
}

}  // namespace chat::roster
