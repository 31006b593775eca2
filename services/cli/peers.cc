#include "services/cli/peers.h"

#include <algorithm>
#include <vector>

#include "libs/base/status.h"
#include "libs/client/failure.h"

namespace chat::cli {

namespace {

constexpr size_t kMinPhone = 5;
constexpr size_t kMaxPhone = 15;

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool IsPhone(std::string_view digits) {
  return IsDigits(digits) && digits.size() >= kMinPhone && digits.size() <= kMaxPhone;
}

std::string PhoneIdOf(const v1::Roster& roster, const std::string& phone) {
  return phone + "_" + std::to_string(roster.id());
}

bool BelongsTo(const v1::Contact& contact, const std::string& phone) {
  return contact.phone_id().starts_with(phone + "_");
}

// The contacts of this phone in all own rosters. With a status only those that have it.
std::vector<Peer> ContactsOf(const std::vector<v1::Roster>& rosters, const std::string& own_phone,
                             const std::string& phone, std::optional<v1::Contact::Status> status) {
  std::vector<Peer> peers;
  for (const v1::Roster& roster : rosters) {
    for (const v1::Contact& contact : roster.userlist()) {
      if (!BelongsTo(contact, phone) || (status && contact.status() != *status)) continue;
      peers.push_back({PhoneIdOf(roster, own_phone), contact.phone_id()});
    }
  }
  return peers;
}

absl::StatusOr<Peer> TheOnly(const std::vector<Peer>& peers) {
  if (peers.size() == 1) return peers.front();
  std::string text = "this phone has several rosters, name one of them:";
  for (const Peer& peer : peers) text += " " + peer.other;
  return absl::InvalidArgumentError(text);
}

absl::StatusOr<std::vector<Peer>> SearchPhone(Dialogue& dialogue, const v1::Roster& roster,
                                              const std::string& phone) {
  v1::Search search;
  search.set_id(roster.id());
  search.set_ref(RandomHex(8));
  search.set_field("phone");
  search.set_type("==");
  search.set_one(phone);
  search.set_status(v1::Search::CONTACT);
  const auto is_answer = [&](const Received& received) {
    const v1::Io* io = received.Answer();
    return io != nullptr && io->ok().text() == search.ref() && io->has_roster();
  };
  const auto answer = dialogue.Ask(search, is_answer);
  if (client::FailureOf(answer.status()) == client::Failure::kRefused) {
    return client::Refused(Message(answer.status()) +
                           "\nthe server refused to search for the phone: give the phone id");
  }
  CHAT_RETURN_IF_ERROR(answer.status());
  return ContactsOf({answer->Answer()->roster()}, dialogue.identity().phone, phone, std::nullopt);
}

absl::StatusOr<Peer> ResolvePhone(Dialogue& dialogue, const std::string& phone,
                                  v1::Contact::Status status) {
  CHAT_ASSIGN_OR_RETURN(const std::vector<v1::Roster> rosters, dialogue.Rosters());
  if (rosters.empty()) return client::Refused("roster_not_found");
  const std::string& own_phone = dialogue.identity().phone;
  const std::string own = PhoneIdOf(rosters.front(), own_phone);
  if (phone == own_phone) return Peer{own, own};
  for (const auto wanted : {std::optional(status), std::optional<v1::Contact::Status>()}) {
    const std::vector<Peer> peers = ContactsOf(rosters, own_phone, phone, wanted);
    if (!peers.empty()) return TheOnly(peers);
  }
  CHAT_ASSIGN_OR_RETURN(const std::vector<Peer> found,
                        SearchPhone(dialogue, rosters.front(), phone));
  if (found.empty()) return client::Refused("contact_not_found");
  return TheOnly(found);
}

// The own roster that has this contact or room, else the oldest. Asks the server only when there
// are several.
absl::StatusOr<std::string> OwnRosterFor(Dialogue& dialogue, const std::string& other) {
  if (dialogue.identity().phone_ids.size() == 1) return dialogue.identity().phone_ids.front();
  CHAT_ASSIGN_OR_RETURN(const std::vector<v1::Roster> rosters, dialogue.Rosters());
  if (rosters.empty()) return client::Refused("roster_not_found");
  const v1::Roster* chosen = &rosters.front();
  for (const v1::Roster& roster : rosters) {
    const bool has = std::any_of(roster.userlist().begin(), roster.userlist().end(),
                                 [&](const auto& one) { return one.phone_id() == other; }) ||
                     std::any_of(roster.roomlist().begin(), roster.roomlist().end(),
                                 [&](const auto& one) { return one.id() == other; });
    if (has) chosen = &roster;
  }
  return PhoneIdOf(*chosen, dialogue.identity().phone);
}

}  // namespace

std::string PhoneOf(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return std::string(text);
}

PeerKind KindOf(std::string_view text) {
  const size_t underscore = text.rfind('_');
  if (underscore != std::string_view::npos) {
    const bool phone_id =
        IsPhone(text.substr(0, underscore)) && IsDigits(text.substr(underscore + 1));
    return phone_id ? PeerKind::kPhoneId : PeerKind::kRoom;
  }
  return IsPhone(PhoneOf(text)) ? PeerKind::kPhone : PeerKind::kRoom;
}

absl::StatusOr<Peer> ResolvePeer(Dialogue& dialogue, std::string_view text,
                                 v1::Contact::Status status) {
  if (KindOf(text) == PeerKind::kPhone) return ResolvePhone(dialogue, PhoneOf(text), status);
  Peer peer;
  peer.other = text;
  peer.room = KindOf(text) == PeerKind::kRoom;
  CHAT_ASSIGN_OR_RETURN(peer.own, OwnRosterFor(dialogue, peer.other));
  return peer;
}

absl::StatusOr<Peer> ResolvePending(Dialogue& dialogue, std::string_view text) {
  if (KindOf(text) == PeerKind::kPhoneId) {
    return ResolvePeer(dialogue, text, v1::Contact::AUTHORIZATION);
  }
  CHAT_ASSIGN_OR_RETURN(const std::vector<v1::Roster> rosters, dialogue.Rosters());
  // Confirming a friend again is harmless, so that the command may be repeated.
  for (const auto status : {v1::Contact::AUTHORIZATION, v1::Contact::FRIEND}) {
    const std::vector<Peer> peers =
        ContactsOf(rosters, dialogue.identity().phone, PhoneOf(text), status);
    if (!peers.empty()) return TheOnly(peers);
  }
  return client::Refused("contact_not_found");
}

}  // namespace chat::cli
