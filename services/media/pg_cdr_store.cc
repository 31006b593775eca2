#include "services/media/pg_cdr_store.h"

#include "chat/v1/messaging.pb.h"
#include "libs/base/status.h"
#include "libs/log/log.h"

namespace chat::media {
namespace {

using pqxx::binarystring;

// What is added to a feed has one order, which the outbox keeps.
constexpr pg::Statement kLockFeed{
    "media_cdr_lock_feed", "SELECT pg_advisory_xact_lock(hashtextextended('media.cdr ' || $1, 0))"};
constexpr pg::Statement kToday{"media_cdr_today",
                               "SELECT count(*) FROM (SELECT 1 FROM media.cdr"
                               " WHERE account_id = $1 AND created > now() - interval '1 day'"
                               " ORDER BY seq DESC LIMIT $2) counted"};
constexpr pg::Statement kInvent{"media_cdr_invent",
                                "SELECT 'cdr_' || nextval('media.cdr_seq_seq'),"
                                " (extract(epoch FROM clock_timestamp()) * 1000)::bigint"};
constexpr pg::Statement kAdd{"media_cdr_add",
                             "INSERT INTO media.cdr (feed, id, account_id, callee, record)"
                             " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (feed, id) DO NOTHING"};
constexpr pg::Statement kHas{"media_cdr_has",
                             "SELECT 1 FROM media.cdr WHERE feed = $1 AND id = $2"};
constexpr pg::Statement kNewest{
    "media_cdr_newest",
    "SELECT record FROM media.cdr WHERE account_id = $1 OR callee = $1 ORDER BY seq DESC LIMIT $2"};

constexpr int kAttempts = 10;

}  // namespace

std::string AddCdr(pg::Tx& tx, pg::Outbox& outbox, NewCdr cdr) {
  tx.Exec(kLockFeed, cdr.feed);
  const bool invent = !cdr.record.has_id();
  std::optional<int64_t> callee;
  if (cdr.callee) callee = cdr.callee->value;
  for (int i = 0; i < kAttempts; ++i) {
    const pqxx::result fresh = tx.Exec(kInvent);
    if (invent) cdr.record.set_id(fresh[0][0].c_str());
    if (!cdr.record.has_started()) cdr.record.set_started(fresh[0][1].as<int64_t>());
    const pqxx::result added = tx.Exec(kAdd, cdr.feed, cdr.record.id(), cdr.account.value, callee,
                                       binarystring(cdr.record.SerializeAsString()));
    if (added.affected_rows() == 1) {
      v1::Change change;
      change.mutable_feed_notice()->set_topic(cdr.topic);
      *change.mutable_feed_notice()->mutable_record()->mutable_cdr() = cdr.record;
      outbox.Add(tx, cdr.feed, change.SerializeAsString());
      break;
    }
    if (!invent) break;  // stored before
  }
  return cdr.record.id();
}

absl::StatusOr<std::string> PgCdrStore::Put(pg::Deadline deadline, const NewCdr& cdr,
                                            int64_t per_day) {
  auto id = pool_.Get<std::string>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<std::string> {
    if (cdr.record.has_id() && !tx.Exec(kHas, cdr.feed, cdr.record.id()).empty()) {
      return cdr.record.id();
    }
    if (tx.Exec(kToday, cdr.account.value, per_day)[0][0].as<int64_t>() >= per_day) {
      return absl::ResourceExhaustedError("too many call records today");
    }
    return AddCdr(tx, outbox_, cdr);
  });
  if (!id.ok()) return id;
  // Committed: what cannot be told now the sweeper tells.
  absl::Status told = outbox_.Drain(deadline, cdr.feed);
  if (!told.ok()) log::Debug("a call record waits", {{"why", Message(told)}});
  return id;
}

absl::StatusOr<std::vector<v1::Cdr>> PgCdrStore::Newest(pg::Deadline deadline, AccountId account,
                                                        int64_t limit) {
  using Found = std::vector<v1::Cdr>;
  return pool_.Get<Found>(deadline, [&](pg::Tx& tx) -> absl::StatusOr<Found> {
    Found found;
    for (const pqxx::row& row : tx.Exec(kNewest, account.value, limit)) {
      found.emplace_back().ParseFromString(binarystring(row[0]).str());
    }
    return found;
  });
}

}  // namespace chat::media
