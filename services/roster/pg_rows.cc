#include "services/roster/pg_rows.h"

namespace chat::roster {
namespace {

std::optional<std::string> OptionalText(const pqxx::row& row, int column) {
  if (row[column].is_null()) return std::nullopt;
  return row[column].as<std::string>();
}

}  // namespace

RosterRow ToRoster(const pqxx::row& row) {
  return {.id = {row[0].as<int64_t>()},
          .account = {row[1].as<int64_t>()},
          .phone = row[2].as<std::string>(),
          .names = OptionalText(row, 3),
          .surnames = OptionalText(row, 4),
          .email = OptionalText(row, 5),
          .nick = OptionalText(row, 6),
          .avatar = OptionalText(row, 7),
          .update_ms = row[8].as<int64_t>()};
}

Side ToSide(const pqxx::row& row, int first) {
  if (row[first].is_null()) return {};
  return {ParseState(row[first].as<std::string>()).value_or(State::kNone),
          row[first + 1].as<bool>(), row[first + 2].as<bool>()};
}

}  // namespace chat::roster
