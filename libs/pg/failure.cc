#include "libs/pg/failure.h"

#include <pqxx/pqxx>
#include <string>
#include <string_view>

#include "libs/base/status.h"

namespace chat::pg {
namespace {

std::string FirstLine(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

// `… violates unique constraint "name"`: the name stands in the first pair of quotes.
std::string ConstraintName(std::string_view text) {
  std::string line = FirstLine(text);
  size_t begin = line.find('"');
  size_t end = begin == std::string::npos ? begin : line.find('"', begin + 1);
  if (end == std::string::npos) return line;
  return line.substr(begin + 1, end - begin - 1);
}

Failure Unavailable(const char* kind, std::string_view what) {
  return {absl::UnavailableError(View(FirstLine(what))), kind, true, false};
}

// By SQLSTATE (PostgreSQL, appendix A).
Failure OfSql(const pqxx::sql_error& error) {
  std::string_view state = error.sqlstate();
  std::string what = FirstLine(error.what());
  std::string_view group = state.substr(0, 2);
  if (state == "57014") return {absl::DeadlineExceededError(View(what)), "timeout"};
  if (state == "55P03") return {absl::AbortedError(View(what)), "lock_timeout"};
  // 08 connection, 57P administrator's shutdown, 25P03 idle too long, 25006 a server that only
  // reads (after a fail-over). An error without state is libpq's own: the connection is lost.
  if (state.empty() || group == "08" || state.starts_with("57P") || state == "25P03" ||
      state == "25006") {
    return Unavailable("connection", what);
  }
  // 53 no resources (disk, memory), 58 failure outside of PostgreSQL: no fault of the statement.
  if (group == "53" || group == "58") {
    return {absl::UnavailableError(View(what)), "resources"};
  }
  // Migrated under a running process: the statements must be prepared anew.
  if (state == "0A000" && what.find("cached plan") != std::string::npos) {
    return {absl::AbortedError(View(what)), "stale_plan", true, true};
  }
  return {absl::InternalError(View("SQLSTATE " + std::string(state) + ": " + what)), "sql"};
}

}  // namespace

Failure Classify(const std::exception& error, bool open) {
  const char* what = error.what();
  if (dynamic_cast<const pqxx::in_doubt_error*>(&error) != nullptr ||
      dynamic_cast<const pqxx::statement_completion_unknown*>(&error) != nullptr) {
    return Unavailable("in_doubt", "the outcome of a commit is unknown: " + FirstLine(what));
  }
  if (dynamic_cast<const pqxx::broken_connection*>(&error) != nullptr || !open) {
    return Unavailable("connection", what);
  }
  if (dynamic_cast<const pqxx::deadlock_detected*>(&error) != nullptr) {
    return {absl::AbortedError(View(FirstLine(what))), "deadlock", false, true};
  }
  if (dynamic_cast<const pqxx::transaction_rollback*>(&error) != nullptr) {
    return {absl::AbortedError(View(FirstLine(what))), "serialization", false, true};
  }
  if (dynamic_cast<const pqxx::unique_violation*>(&error) != nullptr) {
    return {absl::AlreadyExistsError(View(ConstraintName(what))), "unique"};
  }
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&error)) return OfSql(*sql);
  if (dynamic_cast<const pqxx::failure*>(&error) != nullptr) return Unavailable("connection", what);
  return {absl::InternalError(View(FirstLine(what))), "internal"};
}

}  // namespace chat::pg
