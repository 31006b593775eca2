// Accounts, their profiles and persons: what the domain asks of storage. Every verb is one
// transaction. Thread safe. Errors are those of pg::Pool.
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <optional>
#include <string>

#include "chat/v1/records.pb.h"
#include "libs/base/ids.h"
#include "libs/pg/pool.h"

namespace chat::profile {

struct Account {
  AccountId id;
  // phone, services, settings, update and balance as stored; everything else unset.
  v1::Profile profile;
};

class ProfileStore {
 public:
  virtual ~ProfileStore() = default;

  // The account of this phone (normalised), made when there is none; also when many ask at once.
  virtual absl::StatusOr<AccountId> Ensure(pg::Deadline deadline, const std::string& phone) = 0;

  virtual absl::StatusOr<std::optional<Account>> Find(pg::Deadline deadline, AccountId id) = 0;

  // Replaces the settings, unless there are none (PROTOCOL 4.3), and sets `update` to now. The
  // account as it is then; nullopt when there is none.
  virtual absl::StatusOr<std::optional<Account>> SetSettings(pg::Deadline deadline, AccountId id,
                                                             const v1::Profile& settings) = 0;

  // The written fields of the account's person; without any when nothing was written.
  virtual absl::StatusOr<v1::Person> FindPerson(pg::Deadline deadline, AccountId id) = 0;

  // Changes the person under a lock; what `change` leaves is stored and returned. nullopt when
  // there is no such account.
  virtual absl::StatusOr<std::optional<v1::Person>> ChangePerson(
      pg::Deadline deadline, AccountId id, const std::function<void(v1::Person*)>& change) = 0;
};

}  // namespace chat::profile
