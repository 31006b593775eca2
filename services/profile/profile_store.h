// Accounts, their profiles and persons: what the domain asks of storage. Every verb is one
// transaction. Thread safe. Errors are those of pg::Pool. An account that is being removed is not
// there for anyone but LifeStore.
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

struct Ensured {
  AccountId id;
  bool removing = false;  // the phone's account is on its way out
};

class ProfileStore {
 public:
  virtual ~ProfileStore() = default;

  // The account of this phone (normalised), made when there is none; also when many ask at once.
  virtual absl::StatusOr<Ensured> Ensure(pg::Deadline deadline, const std::string& phone) = 0;

  virtual absl::StatusOr<std::optional<Account>> Find(pg::Deadline deadline, AccountId id) = 0;

  // Changes `services` and `settings` under a lock and sets `update` to now; what the directory
  // must know of it reaches chat-roster before this returns (kUnavailable: it will, later). The
  // account as it is then; nullopt when there is none. `change` may run again.
  virtual absl::StatusOr<std::optional<Account>> Change(
      pg::Deadline deadline, AccountId id, const std::function<void(v1::Profile*)>& change) = 0;

  // The written fields of the account's person; without any when nothing was written.
  virtual absl::StatusOr<v1::Person> FindPerson(pg::Deadline deadline, AccountId id) = 0;

  // Changes the person under a lock; what `change` leaves is stored and returned. nullopt when
  // there is no such account.
  virtual absl::StatusOr<std::optional<v1::Person>> ChangePerson(
      pg::Deadline deadline, AccountId id, const std::function<void(v1::Person*)>& change) = 0;
};

}  // namespace chat::profile
