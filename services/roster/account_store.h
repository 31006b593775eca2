// Accounts and rosters whole: who stands behind roster ids, what profile tells, and what concerns
// many pairs at once: renaming, removal, the deletion of many entries. One implementation holds its
// SQL (pg_account_store.h). Thread safe; calls block until the deadline at most. Errors are those
// of pg::Pool::Run.
//
// What changes an account returns when messaging has applied it: kUnavailable may mean that it is
// stored and told later, so a repeat is harmless.
#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "chat/v1/roster.pb.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// What profile knows and the directory must (RosterInternal.PutAccount).
struct AccountCard {
  AccountId account;
  int64_t version = 0;
  v1::PutAccountRequest::Search search = v1::PutAccountRequest::EVERYBODY;
  std::vector<std::string> emails;  // verified
};

// A roster as another one stands to it.
struct PersonRow {
  RosterRow roster;
  bool is_friend = false;
  bool barred = false;  // one of them has banned the other
};

class AccountStore {
 public:
  virtual ~AccountStore() = default;

  // Replaces the account's card unless a newer version is stored.
  virtual absl::Status Put(Deadline deadline, const AccountCard& card) = 0;

  // Those of `rosters` that exist, in order of id, each once, as `viewer` (may be none) stands to
  // them.
  virtual absl::StatusOr<std::vector<PersonRow>> People(Deadline deadline, RosterId viewer,
                                                        const std::vector<RosterId>& rosters) = 0;

  // The account's rosters under `phone`, oldest first; none for an account that is not known.
  // Everybody with an entry about one of them is told; `online`: the account has a live connection.
  virtual absl::StatusOr<std::vector<RosterRow>> Rename(Deadline deadline, AccountId account,
                                                        const std::string& phone, bool online) = 0;

  // Deletes the roster's entries about `peers`, live ones revoked as Friend/revoke does, and
  // returns whose it has deleted. A ban by the roster stands: it is lifted by Friend/unban only.
  virtual absl::StatusOr<std::vector<RosterId>> Unlist(Deadline deadline, RosterId roster,
                                                       const std::vector<RosterId>& peers) = 0;

  // Deletes the account with all its rosters. Its rooms must be left before.
  virtual absl::Status Remove(Deadline deadline, AccountId account) = 0;

  // Deletes one roster, its friends revoked. Its rooms must be left before. kNotFound: no such
  // roster of this account.
  virtual absl::Status RemoveRoster(Deadline deadline, AccountId account, RosterId roster) = 0;
};

}  // namespace chat::roster
