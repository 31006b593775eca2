#include "services/roster/partings.h"

#include <utility>

#include "services/roster/friend_change.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

bool Live(State state) {
  return state == State::kFriend || state == State::kRequest || state == State::kAuthorization;
}

v1::Change Deleted(AccountId receiver, const PhoneId& phone_id) {
  v1::Record record;
  record.mutable_contact()->set_phone_id(phone_id.text());
  record.mutable_contact()->set_status(v1::Contact::DELETED);
  return ToDevices(receiver, std::move(record));
}

}  // namespace

std::optional<Unlisting> Unlisted(const LockedPair& pair) {
  const State state = pair.stored.party.state;
  if (state == State::kNone || state == State::kBanned) return std::nullopt;
  Unlisting made{pair.stored, {}};
  if (Live(state)) {
    PairWrite revoked = ChangeFriendship(pair, {Verb::kRevoke, "", false, {}});
    made = {revoked.after, std::move(revoked.changes)};
  }
  made.after.party = Side();
  return made;
}

std::vector<v1::Change> ToldOfRosterRemoval(const LockedPair& pair) {
  if (!Live(pair.stored.party.state)) return {};
  return ChangeFriendship(pair, {Verb::kRevoke, "", false, {}}).changes;
}

std::vector<v1::Change> ToldOfAccountRemoval(const LockedPair& pair) {
  std::vector<v1::Change> changes;
  if (pair.stored.open()) changes.push_back(FeedChange(pair, false));
  const bool own = pair.counterparty.account == pair.party.account;
  if (!own && Live(pair.stored.counterparty.state)) {
    changes.push_back(Deleted(pair.counterparty.account, pair.party.phone_id()));
  }
  return changes;
}

std::vector<v1::Change> ToldOfRename(const LockedPair& pair, const PhoneId& before, bool online) {
  const Side& side = pair.stored.counterparty;
  if (side.state == State::kNone) return {};
  const Seen seen{side, pair.stored.barred(), online, pair.counterparty_update_ms};
  v1::Record record;
  *record.mutable_contact() = ContactRecord(pair.party, seen, StateStatus(side.state));
  return {Deleted(pair.counterparty.account, before),
          ToDevices(pair.counterparty.account, std::move(record))};
}

}  // namespace chat::roster
