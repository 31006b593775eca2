// An account's row, as the stores of this service read and change it inside their transactions.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "libs/pg/outbox.h"
#include "services/profile/profile_store.h"

namespace chat::profile {

// The outbox key of an account.
std::string KeyOf(AccountId id);

// nullopt when there is none, or when it is being removed.
absl::StatusOr<std::optional<Account>> FindAccount(pg::Tx& tx, AccountId id);

// As ProfileStore::Change, but for the delivery: drain KeyOf(id) after the commit.
absl::StatusOr<std::optional<Account>> ChangeAccount(
    pg::Tx& tx, pg::Outbox& outbox, AccountId id, const std::function<void(v1::Profile*)>& change);

}  // namespace chat::profile
