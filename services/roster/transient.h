// The lossy lane of roster: what is not stored goes through Redis to the devices that are connected
// now (PROTOCOL 5.9, 5.8 Loc, O14).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "chat/v1/event.pb.h"
#include "libs/base/ids.h"
#include "libs/redis/publisher.h"
#include "services/roster/presence.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class Transient {
 public:
  // redis::Publisher::Publish.
  using Publish = std::function<void(std::vector<redis::Publication>, std::function<void(bool)>)>;

  Transient(Presence& presence, Publish publish)
      : presence_(presence), publish_(std::move(publish)) {}

  // To the devices of one account.
  void ToAccount(AccountId account, v1::Event event);

  // An event and the accounts it is for.
  struct Addressed {
    v1::Event event;
    std::vector<AccountId> accounts;
  };
  // Of each event one copy to every gateway that holds a live lease of one of its accounts. In
  // order. `done`, if given, is called once, from any thread.
  void ToAccounts(std::vector<Addressed> events, std::function<void(bool)> done = nullptr);

 private:
  Presence& presence_;
  const Publish publish_;
};

}  // namespace chat::roster
