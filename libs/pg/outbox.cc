#include "libs/pg/outbox.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"

namespace chat::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kRowsPerRound = 100;
constexpr int kKeysPerSweep = 1000;
constexpr size_t kKeysPerRound = 100;  // locks that one transaction of Drain(keys) holds
constexpr int kFailuresPerSweep = 3;   // then the receiver is taken to be away
// Below the idle-in-transaction time-out: a delivery happens while the key's lock is held.
constexpr milliseconds kLongestDelivery{4000};
constexpr milliseconds kSweepOfOneKey{5000};
constexpr milliseconds kSlowestSweep{5000};

// SQL and names of one schema's statements; `statement` points into them.
struct Sql {
  Sql(const std::string& schema, const std::string& verb, std::string text)
      : name("outbox_" + verb + "_" + schema), sql(std::move(text)) {}
  Sql(const Sql&) = delete;
  const std::string name;
  const std::string sql;
  const Statement statement{name.c_str(), sql.c_str()};
};

}  // namespace

struct Outbox::State {
  enum class Lock { kWait, kTry };

  State(Pool& pool_, const std::string& schema_, Deliver deliver_, milliseconds sweep_)
      : pool(pool_), schema(schema_), deliver(std::move(deliver_)), sweep(sweep_) {}

  absl::Status DrainKey(Deadline deadline, const std::string& key, Lock lock);
  absl::Status DrainKeys(Deadline deadline, const std::vector<std::string>& keys);
  absl::StatusOr<bool> Round(Tx& tx, Deadline deadline, const std::string& key, Lock lock);
  absl::StatusOr<bool> Pass(Tx& tx, Deadline deadline, const pqxx::result& found);
  bool SweepOnce();
  void Sweep();

  Pool& pool;
  const std::string schema;
  const Deliver deliver;
  const milliseconds sweep;
  const std::string table = schema + ".outbox";
  const Sql add{schema, "add", "INSERT INTO " + table + " (key, payload) VALUES ($1, $2)"};
  const Sql add_all{schema, "add_all",
                    "INSERT INTO " + table +
                        " (key, payload) SELECT $1, row.payload FROM unnest($2::bytea[])"
                        " WITH ORDINALITY AS row (payload, place) ORDER BY row.place"};
  const Sql wait{schema, "lock",
                 "SELECT pg_advisory_xact_lock(hashtextextended('" + table + " ' || $1, 0))"};
  const Sql try_lock{
      schema, "try_lock",
      "SELECT pg_try_advisory_xact_lock(hashtextextended('" + table + " ' || $1, 0))"};
  const Sql read{schema, "read",
                 "SELECT id, payload FROM " + table + " WHERE key = $1 ORDER BY id LIMIT " +
                     std::to_string(kRowsPerRound)};
  // In one order everywhere, so that two drainers cannot wait for each other.
  const Sql wait_all{schema, "lock_all",
                     "SELECT pg_advisory_xact_lock(hash) FROM (SELECT DISTINCT"
                     " hashtextextended('" +
                         table +
                         " ' || key, 0) AS hash FROM unnest($1::text[]) AS u (key)"
                         " ORDER BY 1 OFFSET 0) AS sorted"};
  const Sql read_all{schema, "read_all",
                     "SELECT id, payload FROM " + table +
                         " WHERE key = ANY($1::text[]) ORDER BY id LIMIT " +
                         std::to_string(kRowsPerRound)};
  const Sql remove{schema, "remove", "DELETE FROM " + table + " WHERE id = ANY($1::bigint[])"};
  const Sql keys{schema, "keys",
                 "SELECT key, count(*) FROM " + table + " GROUP BY key ORDER BY min(id) LIMIT " +
                     std::to_string(kKeysPerSweep)};
  prometheus::Gauge& waiting = metrics::Gauge(
      "chat_outbox_waiting", "Rows that the last sweep found undelivered.", {{"schema", schema}});
  prometheus::Counter& failures = metrics::Counter("chat_outbox_failures_total",
                                                   "Deliveries that failed.", {{"schema", schema}});

  std::mutex mutex;
  std::condition_variable stopping;
  bool stop = false;
  std::thread sweeper;
};

// One batch of a key under its lock. False: nothing is left, or another drainer is at it.
absl::StatusOr<bool> Outbox::State::Round(Tx& tx, Deadline deadline, const std::string& key,
                                          Lock lock) {
  if (lock == Lock::kWait) {
    tx.Exec(wait.statement, key);
  } else if (!tx.Exec(try_lock.statement, key)[0][0].as<bool>()) {
    return false;
  }
  // A statement of its own: it must see what the last holder of the lock has deleted.
  return Pass(tx, deadline, tx.Exec(read.statement, key));
}

// Delivers and removes what was read under the lock. True: there may be more.
absl::StatusOr<bool> Outbox::State::Pass(Tx& tx, Deadline deadline, const pqxx::result& found) {
  if (found.empty()) return false;
  std::vector<OutboxRow> rows;
  std::vector<int64_t> ids;
  for (const auto& row : found) {
    rows.push_back({row[0].as<int64_t>(), pqxx::binarystring(row[1]).str()});
    ids.push_back(rows.back().id);
  }
  absl::Status delivered =
      deliver(std::min(deadline, steady_clock::now() + kLongestDelivery), rows);
  if (!delivered.ok()) {
    failures.Increment();
    return delivered;
  }
  tx.Exec(remove.statement, Array(ids));
  return found.size() == static_cast<size_t>(kRowsPerRound);
}

absl::Status Outbox::State::DrainKey(Deadline deadline, const std::string& key, Lock lock) {
  for (bool more = true; more;) {
    CHAT_ASSIGN_OR_RETURN(more, pool.Get<bool>(deadline, [&](Tx& tx) -> absl::StatusOr<bool> {
      return Round(tx, deadline, key, lock);
    }));
  }
  return absl::OkStatus();
}

absl::Status Outbox::State::DrainKeys(Deadline deadline, const std::vector<std::string>& keys) {
  for (size_t begin = 0; begin < keys.size(); begin += kKeysPerRound) {
    const auto first = keys.begin() + static_cast<ptrdiff_t>(begin);
    const auto last = first + static_cast<ptrdiff_t>(std::min(kKeysPerRound, keys.size() - begin));
    const std::string some = TextArray({first, last});
    for (bool more = true; more;) {
      CHAT_ASSIGN_OR_RETURN(more, pool.Get<bool>(deadline, [&](Tx& tx) -> absl::StatusOr<bool> {
        tx.Exec(wait_all.statement, some);
        return Pass(tx, deadline, tx.Exec(read_all.statement, some));
      }));
    }
  }
  return absl::OkStatus();
}

// True unless the receiver, or the database, seems to be away.
bool Outbox::State::SweepOnce() {
  using Keys = std::vector<std::string>;
  auto found =
      pool.Get<Keys>(steady_clock::now() + kSweepOfOneKey, [&](Tx& tx) -> absl::StatusOr<Keys> {
        Keys names;
        int64_t rows = 0;
        for (const auto& row : tx.Exec(keys.statement)) {
          names.push_back(row[0].as<std::string>());
          rows += row[1].as<int64_t>();
        }
        waiting.Set(static_cast<double>(rows));
        return names;
      });
  if (!found.ok()) return false;
  int failed = 0;
  for (const std::string& key : *found) {
    {
      std::lock_guard lock(mutex);
      if (stop) return true;
    }
    absl::Status status = DrainKey(steady_clock::now() + kSweepOfOneKey, key, Lock::kTry);
    if (status.ok()) continue;
    log::Warn("the outbox could not deliver", {{"schema", schema}, {"why", Message(status)}});
    if (++failed == kFailuresPerSweep) break;
  }
  return failed == 0;
}

void Outbox::State::Sweep() {
  milliseconds pause = sweep;
  std::unique_lock lock(mutex);
  while (!stopping.wait_for(lock, pause, [this] { return stop; })) {
    lock.unlock();
    pause = SweepOnce() ? sweep : std::min(pause * 2, std::max(sweep, kSlowestSweep));
    lock.lock();
  }
}

Outbox::Outbox(Pool& pool, std::string schema, Deliver deliver, milliseconds sweep)
    : state_(std::make_unique<State>(pool, schema, std::move(deliver), sweep)) {
  state_->sweeper = std::thread([state = state_.get()] { state->Sweep(); });
}

Outbox::~Outbox() {
  {
    std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->stopping.notify_all();
  state_->sweeper.join();
}

void Outbox::Add(Tx& tx, std::string_view key, std::string_view payload) {
  tx.Exec(state_->add.statement, std::string(key),
          pqxx::binarystring(payload.data(), payload.size()));
}

void Outbox::AddAll(Tx& tx, std::string_view key, const std::vector<std::string>& payloads) {
  if (payloads.empty()) return;
  tx.Exec(state_->add_all.statement, std::string(key), BytesArray(payloads));
}

absl::Status Outbox::Drain(Deadline deadline, std::string_view key) {
  return state_->DrainKey(deadline, std::string(key), State::Lock::kWait);
}

absl::Status Outbox::Drain(Deadline deadline, const std::vector<std::string>& keys) {
  return state_->DrainKeys(deadline, keys);
}

}  // namespace chat::pg
