#include "libs/pg/pool.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <unordered_map>

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/pg/connection.h"
#include "libs/pg/failure.h"

namespace chat::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kAttempts = 3;
constexpr milliseconds kGrace{1000};  // past its deadline a connection is cut
constexpr milliseconds kWatchEvery{250};
// A statement time-out near that of the session is not worth a round trip.
constexpr milliseconds kShrinkBelow{kStatementTimeoutMs - 1000};

struct Figures {
  prometheus::Gauge& in_use =
      metrics::Gauge("chat_pg_pool_in_use", "Connections that run a transaction.");
  prometheus::Gauge& size = metrics::Gauge("chat_pg_pool_size", "Connections at most.");
  prometheus::Histogram& wait =
      metrics::Histogram("chat_pg_pool_wait_seconds",
                         "Time that a transaction waits for a connection.", metrics::TimeBuckets());
};

Figures& TheFigures() {
  static Figures* const figures = new Figures;
  return *figures;
}

void CountError(const char* kind) {
  metrics::Counter("chat_pg_errors_total", "Failed transactions by kind.", {{"kind", kind}})
      .Increment();
}

milliseconds Left(Deadline deadline) {
  return std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
}

void PauseBeforeRetry(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::this_thread::sleep_for(milliseconds(random() % (5 << attempt) + 1));
}

}  // namespace

struct Pool::State {
  using Connection = Tx::Connection;

  State(std::string url_, int size_) : size(std::max(size_, 1)) {
    auto text = ConnectionString(url_, SessionSettings());
    if (text.ok()) {
      connection_string = *text;
    } else {
      bad_url = text.status();
    }
    TheFigures().size.Increment(size);
    watchdog = std::thread([this] { Watch(); });
  }

  ~State() {
    std::unique_lock lock(mutex);
    closing = true;
    changed.notify_all();
    changed.wait(lock, [this] { return in_use == 0; });
    lock.unlock();
    changed_for_watch.notify_all();
    watchdog.join();
    TheFigures().size.Decrement(size);
  }

  // A free place in the pool: an idle connection, or nullptr and the right to make one.
  absl::StatusOr<std::unique_ptr<Connection>> Take(Deadline deadline) {
    auto begin = steady_clock::now();
    std::unique_lock lock(mutex);
    bool free = changed.wait_until(lock, deadline, [this] { return closing || in_use < size; });
    TheFigures().wait.Observe(std::chrono::duration<double>(steady_clock::now() - begin).count());
    if (closing) return absl::UnavailableError("the pool of PostgreSQL connections shuts down");
    if (!free) {
      CountError("pool_exhausted");
      return absl::UnavailableError("no PostgreSQL connection was free in time");
    }
    ++in_use;
    TheFigures().in_use.Increment();
    if (idle.empty()) return nullptr;
    std::unique_ptr<Connection> connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }

  // Ends a Take(); nullptr gives back only the place.
  void Give(std::unique_ptr<Connection> connection) {
    {
      std::lock_guard lock(mutex);
      --in_use;
      TheFigures().in_use.Decrement();
      if (connection != nullptr) idle.push_back(std::move(connection));
      if (closing) return changed.notify_all();
    }
    changed.notify_one();
  }

  // The server has gone: what is idle has gone with it.
  void DropIdle() {
    std::vector<std::unique_ptr<Connection>> dropped;
    std::lock_guard lock(mutex);
    dropped.swap(idle);
  }

  void Guard(const Connection* connection, Deadline deadline) {
    std::lock_guard lock(mutex);
    guarded[connection] = deadline;
  }
  void Unguard(const Connection* connection) {
    std::lock_guard lock(mutex);
    guarded.erase(connection);
  }

  void Watch() {
    std::unique_lock lock(mutex);
    while (!closing || in_use > 0) {
      changed_for_watch.wait_for(lock, kWatchEvery);
      for (auto it = guarded.begin(); it != guarded.end();) {
        if (steady_clock::now() < it->second + kGrace) {
          ++it;
          continue;
        }
        it->first->Cut();
        it = guarded.erase(it);
        log::Warn("a PostgreSQL connection is cut: no answer a second past the deadline");
      }
    }
  }

  const int size;
  std::string connection_string;
  absl::Status bad_url;
  std::mutex mutex;
  std::condition_variable changed;
  std::condition_variable changed_for_watch;
  bool closing = false;
  int in_use = 0;
  std::vector<std::unique_ptr<Connection>> idle;
  std::unordered_map<const Connection*, Deadline> guarded;
  steady_clock::time_point last_complaint{};
  std::thread watchdog;
};

namespace {

// A warning a second at most: without a server every request fails.
void Complain(std::mutex& mutex, steady_clock::time_point& last, const absl::Status& status) {
  {
    std::lock_guard lock(mutex);
    auto now = steady_clock::now();
    if (now - last < std::chrono::seconds(1)) return;
    last = now;
  }
  log::Warn("PostgreSQL is not available", {{"why", Message(status)}});
}

std::unique_ptr<pqxx::transaction_base> Begin(bool transaction, pqxx::connection& link) {
  if (transaction) return std::make_unique<pqxx::work>(link);
  return std::make_unique<pqxx::nontransaction>(link);
}

}  // namespace

Pool::Pool(std::string url, int size) : state_(std::make_unique<State>(std::move(url), size)) {}
Pool::~Pool() = default;

// One attempt. Sets *retry when another one may succeed: the transaction was rolled back for a
// reason that passes, had not begun because the connection had died in the pool, or only reads.
absl::Status Pool::RunOnce(Mode mode, Deadline deadline,
                           const std::function<absl::Status(Tx&)>& body, bool* retry) {
  if (!state_->bad_url.ok()) return state_->bad_url;
  CHAT_ASSIGN_OR_RETURN(std::unique_ptr<Tx::Connection> connection, state_->Take(deadline));
  const bool transaction = mode == Mode::kTransaction;
  bool begun = false;
  bool reused = connection != nullptr;
  absl::Status status;
  Failure failure;
  auto fail = [&](const std::exception& error) {
    bool open = connection == nullptr || connection->link().is_open();
    failure = Classify(error, open);
    status = failure.status;
  };
  try {
    if (connection == nullptr) {
      connection = std::make_unique<Tx::Connection>(state_->connection_string);
    }
    state_->Guard(connection.get(), deadline);
    if (!transaction && reused && connection->HasSpoken()) {
      throw pqxx::broken_connection("the connection was lost in the pool");
    }
    std::unique_ptr<pqxx::transaction_base> work = Begin(transaction, connection->link());
    milliseconds left = Left(deadline);
    if (left < kShrinkBelow && transaction) {
      work->exec("SET LOCAL statement_timeout = " +
                 std::to_string(std::max<int64_t>(left.count(), 1)));
    }
    begun = true;
    Tx tx(*connection, *work);
    status = body(tx);
    if (status.ok() && tx.failed_) {
      status = absl::InternalError("a transaction went on after a failed statement");
    }
    if (status.ok()) work->commit();
  } catch (const std::exception& error) {
    fail(error);
  } catch (...) {
    status = absl::InternalError("an exception that is no std::exception");
  }
  if (connection != nullptr) {
    state_->Unguard(connection.get());
    if (failure.broken || !connection->link().is_open()) {
      connection.reset();
      if (reused && (!begun || mode == Mode::kRead)) state_->DropIdle();
    }
  }
  state_->Give(std::move(connection));
  if (!failure.status.ok()) {
    CountError(failure.kind);
    if (failure.broken) Complain(state_->mutex, state_->last_complaint, failure.status);
    *retry = failure.retry || (failure.broken && reused && (!begun || mode == Mode::kRead));
  }
  return status;
}

absl::Status Pool::Run(Deadline deadline, const std::function<absl::Status(Tx&)>& body) {
  return RunWithRetries(Mode::kTransaction, deadline, body);
}

absl::Status Pool::RunStatement(Deadline deadline, const std::function<absl::Status(Tx&)>& body) {
  return RunWithRetries(Mode::kStatement, deadline, body);
}

absl::Status Pool::RunWithRetries(Mode mode, Deadline deadline,
                                  const std::function<absl::Status(Tx&)>& body) {
  for (int attempt = 1;; ++attempt) {
    if (Left(deadline) <= milliseconds(0)) {
      return absl::DeadlineExceededError("the deadline passed before the transaction began");
    }
    bool retry = false;
    absl::Status status = RunOnce(mode, deadline, body, &retry);
    if (!retry || attempt == kAttempts) return status;
    PauseBeforeRetry(attempt);
    if (Left(deadline) <= milliseconds(0)) return status;
  }
}

}  // namespace chat::pg
