#include "services/roster/roster_contacts.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::roster {
namespace {

std::vector<RosterId> Ids(const std::vector<PhoneId>& contacts) {
  std::vector<RosterId> ids;
  for (const PhoneId& contact : contacts) ids.push_back(contact.roster);
  return ids;
}

// {io,{ok2,Code,[X…]},<<>>} of those that are in `which`.
void SetListed(const char* code, const std::vector<PhoneId>& contacts,
               const std::set<RosterId>& which, v1::Reply& reply) {
  v1::Io& io = *reply.add_records()->mutable_io();
  io.mutable_ok2()->set_atom(code);
  v1::TextList& texts = *io.mutable_ok2()->mutable_texts();
  for (const PhoneId& contact : contacts) {
    if (which.contains(contact.roster)) texts.add_texts(contact.text());
  }
  io.set_nothing("");
}

void SetOk(const char* code, v1::Reply& reply) {
  v1::Io& io = *reply.add_records()->mutable_io();
  io.mutable_ok()->set_atom(code);
  io.set_nothing("");
}

}  // namespace

absl::StatusOr<std::vector<PhoneId>> RosterContacts::Existing(const rpc::Call& call,
                                                              const RosterRow& own,
                                                              const v1::Roster& request) {
  std::vector<PhoneId> named;
  for (const v1::Contact& contact : request.userlist()) {
    const std::optional<PhoneId> id = PhoneId::Parse(contact.phone_id());
    if (id && id->roster != own.id) named.push_back(*id);
  }
  CHAT_ASSIGN_OR_RETURN(const std::vector<PersonRow> people,
                        accounts_.People(call.deadline, own.id, Ids(named)));
  std::map<RosterId, std::string> phones;
  for (const PersonRow& person : people) phones[person.roster.id] = person.roster.phone;
  std::vector<PhoneId> existing;
  for (const PhoneId& id : named) {
    const auto found = phones.find(id.roster);
    if (found == phones.end() || found->second != id.phone) continue;
    existing.push_back(id);
    phones.erase(found);
  }
  return existing;
}

absl::Status RosterContacts::Add(const rpc::Call& call, const RosterRow& own,
                                 const v1::Roster& request, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<PhoneId> existing, Existing(call, own, request));
  if (existing.empty()) {
    return rpc::Refuse(v1::CONTACTS_NOT_FOUND, "Roster.userlist: none of them exists");
  }
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterId> added,
                        store_.List(call.deadline, own.id, Ids(existing)));
  if (!added.empty()) {
    SetOk("added", *reply);
    return absl::OkStatus();
  }
  std::set<RosterId> present;
  for (const PhoneId& id : existing) present.insert(id.roster);
  SetListed("already_present", existing, present, *reply);
  return absl::OkStatus();
}

absl::Status RosterContacts::Del(const rpc::Call& call, const RosterRow& own,
                                 const v1::Roster& request, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<PhoneId> existing, Existing(call, own, request));
  CHAT_ASSIGN_OR_RETURN(const std::vector<RosterId> removed,
                        accounts_.Unlist(call.deadline, own.id, Ids(existing)));
  if (removed.empty()) {
    return rpc::Refuse(v1::CONTACTS_NOT_FOUND, "Roster.userlist: none of them is listed");
  }
  SetListed("removed", existing, {removed.begin(), removed.end()}, *reply);
  return absl::OkStatus();
}

absl::Status RosterContacts::RemoveRoster(const rpc::Call& call, const RosterRow& own,
                                          v1::Reply* reply) {
  // Told while the rooms and friendships stand by which it is known whom to tell.
  CHAT_RETURN_IF_ERROR(herald_.Removing(call, own));
  CHAT_RETURN_IF_ERROR(rooms_.Leave(call, {own.id}));
  const absl::Status removed = accounts_.RemoveRoster(call.deadline, own.account, own.id);
  if (absl::IsNotFound(removed)) return rpc::Refuse(v1::ROSTER_NOT_FOUND, "Roster.id: gone");
  CHAT_RETURN_IF_ERROR(removed);
  SetOk("removed", *reply);
  return absl::OkStatus();
}

}  // namespace chat::roster
