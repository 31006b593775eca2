// Who is meant by a phone, a phone id or a room (PROTOCOL 6).
#pragma once

#include <absl/status/statusor.h>

#include <optional>
#include <string>
#include <string_view>

#include "chat/v1/records.pb.h"
#include "services/cli/dialogue.h"

namespace chat::cli {

enum class PeerKind { kPhone, kPhoneId, kRoom };

// Digits with or without + are a phone, digits_digits a phone id, all else is a room.
PeerKind KindOf(std::string_view text);
// Without the leading +.
std::string PhoneOf(std::string_view text);

// Both ends of a conversation.
struct Peer {
  std::string own;    // phone id of the own roster that talks
  std::string other;  // phone id or room
  bool room = false;
};

// The p2p or muc feed of the conversation, halves in order (PROTOCOL 6.4), into a Message or
// History.
template <typename Record>
void SetFeed(const Peer& peer, Record* record) {
  if (peer.room) {
    record->mutable_muc()->set_name(peer.other);
    return;
  }
  record->mutable_p2p()->set_from(std::min(peer.own, peer.other));
  record->mutable_p2p()->set_to(std::max(peer.own, peer.other));
}

// Finds the peer that the user names. A phone is looked up among the own contacts, those with
// `status` before the others, then by Search/contact. kRefused: `contact_not_found`, or what Search
// was refused with; kInvalidArgument: the phone has several rosters.
absl::StatusOr<Peer> ResolvePeer(Dialogue& dialogue, std::string_view text,
                                 v1::Contact::Status status);

// The contact that waits for confirmation, else the friend, by phone or phone id.
absl::StatusOr<Peer> ResolvePending(Dialogue& dialogue, std::string_view text);

}  // namespace chat::cli
