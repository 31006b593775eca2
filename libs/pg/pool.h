// PostgreSQL by libpqxx: a bounded pool of connections and transactions on it. libpqxx's exceptions
// end here: code inside Run() may let them fly, Run() turns them into a status.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <vector>

// libpqxx 6 has no std::optional of bytea: this gives it one, in PostgreSQL's hexadecimal form.
template <>
struct pqxx::string_traits<pqxx::binarystring> {
  static constexpr const char* name() noexcept { return "bytea"; }
  static constexpr bool has_null() noexcept { return false; }
  static bool is_null(const pqxx::binarystring&) { return false; }
  static std::string to_string(const pqxx::binarystring& bytes);
};

namespace chat::pg {

// SQL with a name, which is its label in metrics and logs. A constant beside its only user.
struct Statement {
  const char* name;
  const char* sql;
};

using Deadline = std::chrono::steady_clock::time_point;

// One transaction. Lives inside Pool::Run only; one thread.
class Tx {
 public:
  // Prepares on first use per connection, executes with parameters, counts and times it
  // (chat_pg_statement_seconds{statement}). Throws what libpqxx throws; Run() catches. Parameters:
  // integers, std::string (text), pqxx::binarystring (bytea), std::optional of these, nullptr.
  // After a throw the transaction is lost: a body that catches it must not return OK. Two
  // statements of one name and different SQL are refused.
  template <typename... Args>
  pqxx::result Exec(const Statement& statement, Args&&... args) {
    Prepare(statement);
    Timer timer(*this, statement);
    return work_.exec_prepared(statement.name, std::forward<Args>(args)...);
  }
  pqxx::transaction_base& work() { return work_; }

 private:
  friend class Pool;
  struct Connection;
  class Timer {
   public:
    Timer(Tx& tx, const Statement& statement);
    ~Timer();

   private:
    Tx& tx_;
    const Statement& statement_;
    int exceptions_;
    std::chrono::steady_clock::time_point begin_;
  };
  Tx(Connection& connection, pqxx::transaction_base& work) : connection_(connection), work_(work) {}
  void Prepare(const Statement& statement);
  Connection& connection_;
  pqxx::transaction_base& work_;
  bool failed_ = false;
};

// Thread safe. A connection is made on demand, set up with time-outs (lock 2 s, statement 5 s,
// idle in transaction 5 s), and thrown away after an error of the connection. A server that stops
// answering is noticed by a watchdog: a second after the deadline of Run() its connection is cut.
class Pool {
 public:
  // `url` is postgresql://…; `size` connections at most; a caller that finds none free waits until
  // its deadline.
  Pool(std::string url, int size);
  ~Pool();

  // Runs `body` in a READ COMMITTED transaction and commits it; a non-OK status rolls back and is
  // returned as it is. A deadlock or serialisation failure is retried, twice at most, within the
  // deadline: `body` must be safe to run again. Other failures: kUnavailable (no connection, no
  // free one, commit in doubt, shutting down), kDeadlineExceeded, kAborted (lock time-out),
  // kAlreadyExists (unique violation, message is the constraint's name), kInternal (bad SQL, an
  // exception that is not of the database).
  absl::Status Run(Deadline deadline, const std::function<absl::Status(Tx&)>& body);

  // As Run, without BEGIN and COMMIT: the one statement of `body` commits as it is executed, so its
  // locks outlive no network wait. A connection that is lost under it leaves the outcome open
  // (kUnavailable). The session's time-outs apply, then the watchdog.
  absl::Status RunStatement(Deadline deadline, const std::function<absl::Status(Tx&)>& body);

  // As Run, with a value.
  template <typename T>
  absl::StatusOr<T> Get(Deadline deadline, const std::function<absl::StatusOr<T>(Tx&)>& body) {
    return Value(Mode::kTransaction, deadline, body);
  }

  // As Get, for a `body` that only reads, without BEGIN and COMMIT, which cost a round trip each.
  // Each statement sees what is committed when it begins, as in Get. The session's time-outs apply,
  // then the watchdog; when the connection is lost the reading begins anew.
  template <typename T>
  absl::StatusOr<T> Read(Deadline deadline, const std::function<absl::StatusOr<T>(Tx&)>& body) {
    return Value(Mode::kRead, deadline, body);
  }

 private:
  struct State;
  enum class Mode { kTransaction, kStatement, kRead };
  template <typename T>
  absl::StatusOr<T> Value(Mode mode, Deadline deadline,
                          const std::function<absl::StatusOr<T>(Tx&)>& body) {
    absl::StatusOr<T> value = absl::UnknownError("not run");
    absl::Status status = RunWithRetries(mode, deadline, [&](Tx& tx) {
      value = body(tx);
      return value.status();
    });
    if (!status.ok()) return status;
    return value;
  }
  absl::Status RunWithRetries(Mode mode, Deadline deadline,
                              const std::function<absl::Status(Tx&)>& body);
  absl::Status RunOnce(Mode mode, Deadline deadline, const std::function<absl::Status(Tx&)>& body,
                       bool* retry);
  std::unique_ptr<State> state_;
};

// `{1,2,3}` for `$1::bigint[]`, `{"one","two"}` for `$1::text[]`: libpqxx 6 has no array
// parameters.
std::string Array(const std::vector<int64_t>& values);
std::string TextArray(const std::vector<std::string>& values);
// For `$1::bytea[]`: any bytes, three times as long as they are.
std::string BytesArray(const std::vector<std::string>& values);

}  // namespace chat::pg
