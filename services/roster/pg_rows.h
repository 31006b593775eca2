// Rows of the statements that read rosters: id, account_id, phone, names, surnames, email, nick,
// avatar, update_ms in columns 0 to 8; of those that read entries, state, listed, muted in 9 to 11.
#pragma once

#include <pqxx/pqxx>

#include "services/roster/roster_store.h"

namespace chat::roster {

RosterRow ToRoster(const pqxx::row& row);
// State NULL: no entry. `first` is the column of the state.
Side ToSide(const pqxx::row& row, int first = 9);

}  // namespace chat::roster
