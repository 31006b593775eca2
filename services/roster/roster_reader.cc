#include "services/roster/roster_reader.h"

#include <algorithm>
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

// Five rosters of this size are below what a reply between processes may hold (16 MiB), and one is
// above the packets of any client that could read it.
constexpr size_t kMaxBytes = 3 << 20;

bool Changed(const ContactRow& contact, int64_t since) {
  return std::max(contact.peer.update_ms, contact.update_ms) > since;
}

}  // namespace

absl::Status RosterReader::AddContacts(const rpc::Call& call, const RosterRow& row, int64_t since,
                                       v1::Roster& roster) {
  CHAT_ASSIGN_OR_RETURN(std::vector<ContactRow> contacts, store_.ContactsOf(call.deadline, row.id));
  if (self_contact_) {
    contacts.insert(contacts.begin(),
                    ContactRow{row, {State::kFriend, false, false}, row.update_ms});
  }
  std::erase_if(contacts, [&](const ContactRow& contact) { return !Changed(contact, since); });
  if (contacts.empty()) return absl::OkStatus();
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
  return absl::OkStatus();
}

absl::Status RosterReader::AddRooms(const rpc::Call& call, const RosterRow& row, int64_t since,
                                    v1::Roster& roster) {
  CHAT_ASSIGN_OR_RETURN(std::vector<v1::Room> rooms, rooms_.Of(call, row.id));
  for (v1::Room& room : rooms) {
    if (room.update() > since) *roster.add_roomlist() = std::move(room);
  }
  return absl::OkStatus();
}

absl::Status RosterReader::AddFavourites(const rpc::Call& call, const RosterRow& row,
                                         v1::Roster& roster) {
  CHAT_ASSIGN_OR_RETURN(const Favourites favourites, favourites_.Of(call.deadline, row));
  for (const TagRow& tag : favourites.tags) {
    *roster.add_tags() = TagRecord(tag, v1::Tag::STATUS_UNSET);
  }
  std::vector<int64_t> ids;
  for (const StarRow& star : favourites.stars) ids.push_back(star.message_id);
  CHAT_ASSIGN_OR_RETURN(auto messages, feeds_.ReadMany(call, row.id, ids));
  for (const StarRow& star : favourites.stars) {
    *roster.add_favorite() =
        StarRecord(row, star, std::move(messages[star.message_id]), v1::Star::STATUS_UNSET);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::Roster> RosterReader::Full(const rpc::Call& call, const RosterRow& row,
                                              v1::Roster::Status status, int64_t since) {
  v1::Roster roster = RosterHeader(row, status);
  CHAT_RETURN_IF_ERROR(AddContacts(call, row, since, roster));
  CHAT_RETURN_IF_ERROR(AddRooms(call, row, since, roster));
  CHAT_RETURN_IF_ERROR(AddFavourites(call, row, roster));
  if (roster.ByteSizeLong() > kMaxBytes) return RosterHeader(row, status);
  return roster;
}

}  // namespace chat::roster
