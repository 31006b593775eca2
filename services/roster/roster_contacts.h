// The lists of a roster as wholes: Roster/add and del of contacts, Roster/remove (PROTOCOL 5.4).
#pragma once

#include "chat/v1/call.pb.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/call.h"
#include "services/roster/account_store.h"
#include "services/roster/herald.h"
#include "services/roster/rooms.h"
#include "services/roster/roster_store.h"

namespace chat::roster {

// Thread safe. What it is made of must outlive it.
class RosterContacts {
 public:
  RosterContacts(RosterStore& store, AccountStore& accounts, Rooms& rooms, Herald& herald)
      : store_(store), accounts_(accounts), rooms_(rooms), herald_(herald) {}

  // Those of `request.userlist` that exist and have no entry get one, `internal`. Refusal
  // contacts_not_found; kResourceExhausted: the roster is full.
  absl::Status Add(const rpc::Call& call, const RosterRow& own, const v1::Roster& request,
                   v1::Reply* reply);
  // Their entries are deleted, live ones revoked. Refusal contacts_not_found.
  absl::Status Del(const rpc::Call& call, const RosterRow& own, const v1::Roster& request,
                   v1::Reply* reply);
  // Tells everybody who sees the roster, leaves its rooms, deletes it with its entries.
  absl::Status RemoveRoster(const rpc::Call& call, const RosterRow& own, v1::Reply* reply);

 private:
  // Of the contacts in the request, those that exist, none twice and not the roster itself, in the
  // order of the request.
  absl::StatusOr<std::vector<PhoneId>> Existing(const rpc::Call& call, const RosterRow& own,
                                                const v1::Roster& request);

  RosterStore& store_;
  AccountStore& accounts_;
  Rooms& rooms_;
  Herald& herald_;
};

}  // namespace chat::roster
