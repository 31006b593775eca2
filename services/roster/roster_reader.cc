#include "services/roster/roster_reader.h"

#include <utility>
#include <vector>

#include "libs/base/status.h"
#include "services/roster/records.h"

namespace chat::roster {
namespace {

v1::Contact Shown(const ContactRow& row, bool online, v1::FeedView& view) {
  const bool barred = row.side.state == State::kBanned || row.side.state == State::kBan;
  const Seen seen{row.side, barred, online, row.update_ms};
  v1::Contact contact = ContactRecord(row.peer, seen, StateStatus(row.side.state));
  contact.set_reader(view.reader());
  contact.set_unread(view.unread());
  if (view.has_last()) *contact.mutable_last_msg() = std::move(*view.mutable_last());
  return contact;
}

}  // namespace

absl::StatusOr<v1::Roster> RosterReader::Full(const rpc::Call& call, const RosterRow& row,
                                              v1::Roster::Status status) {
  v1::Roster roster = RosterHeader(row, status);
  CHAT_ASSIGN_OR_RETURN(const std::vector<ContactRow> contacts,
                        store_.ContactsOf(call.deadline, row.id));
  if (contacts.empty()) return roster;
  std::vector<RosterId> peers;
  std::vector<AccountId> accounts;
  for (const ContactRow& contact : contacts) {
    peers.push_back(contact.peer.id);
    accounts.push_back(contact.peer.account);
  }
  CHAT_ASSIGN_OR_RETURN(std::vector<v1::FeedView> views, feeds_.Views(call, row.id, peers));
  const std::vector<bool> online = presence_.Online(accounts);
  for (size_t i = 0; i < contacts.size(); ++i) {
    *roster.add_userlist() = Shown(contacts[i], online[i], views[i]);
  }
  return roster;
}

}  // namespace chat::roster
