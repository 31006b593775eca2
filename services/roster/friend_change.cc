#include "services/roster/friend_change.h"

#include <algorithm>
#include <utility>

#include "services/roster/records.h"

namespace chat::roster {
namespace {

v1::Change Notice(const RosterRow& receiver, const RosterRow& described, const Seen& seen,
                  v1::Contact::Status status) {
  v1::Record record;
  *record.mutable_contact() = ContactRecord(described, seen, status);
  return ToDevices(receiver.account, std::move(record));
}

}  // namespace

v1::Change FeedChange(const LockedPair& pair, bool open) {
  v1::Change change;
  v1::FriendshipChange& friendship = *change.mutable_friendship();
  friendship.set_roster_a(std::min(pair.party.id, pair.counterparty.id).value);
  friendship.set_roster_b(std::max(pair.party.id, pair.counterparty.id).value);
  friendship.set_open(open);
  friendship.set_version(pair.version + 1);
  return change;
}

PairWrite ChangeFriendship(const LockedPair& pair, const FriendRequest& request) {
  PairWrite write;
  if (request.dup && !request.packet.empty() && request.packet == pair.last_packet) {
    write.answer = pair.last_answer;
    return write;
  }
  const Transition made = Decide(pair.stored, request.verb);
  write.answer = made.answer;
  write.write = made.after != pair.stored || made.tell_party || made.tell_counterparty;
  if (!write.write) return write;
  write.after = made.after;
  write.packet = request.packet;
  if (made.after.open() != pair.stored.open()) {
    write.changes.push_back(FeedChange(pair, made.after.open()));
  }
  const bool barred = made.after.barred();
  const auto updated = [&](const Side& before, const Side& after, int64_t update_ms) {
    return before == after ? update_ms : pair.now_ms;
  };
  if (made.tell_party) {
    const Seen seen{made.after.party, barred, request.online.counterparty,
                    updated(pair.stored.party, made.after.party, pair.party_update_ms)};
    write.changes.push_back(Notice(pair.party, pair.counterparty, seen, *made.tell_party));
  }
  if (made.tell_counterparty) {
    const Seen seen{
        made.after.counterparty, barred, request.online.party,
        updated(pair.stored.counterparty, made.after.counterparty, pair.counterparty_update_ms)};
    write.changes.push_back(Notice(pair.counterparty, pair.party, seen, *made.tell_counterparty));
  }
  return write;
}

}  // namespace chat::roster
