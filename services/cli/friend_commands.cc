// Friendship: friend add, friend confirm (PROTOCOL 5.5).
#include "libs/base/status.h"
#include "services/cli/commands.h"
#include "services/cli/dialogue.h"
#include "services/cli/peers.h"

namespace chat::cli {

namespace {

v1::Friend RequestFor(const Peer& peer, v1::Friend::Status status) {
  v1::Friend request;
  request.set_phone_id(peer.own);
  request.set_friend_id(peer.other);
  request.set_status(status);
  return request;
}

std::string Outcome(const Received& answer, const Peer& peer) {
  if (const auto* contact = answer.As<v1::Contact>()) {
    const bool friends = contact->status() == v1::Contact::FRIEND;
    return (friends ? "friend " : "requested ") + Printable(peer.other);
  }
  return "friend " + Printable(peer.other);
}

absl::Status Print(const Arguments& arguments, const Received& answer, const Peer& peer) {
  return PrintLine(arguments.json ? ToJsonLine(answer) : Outcome(answer, peer));
}

}  // namespace

absl::Status FriendAdd(const Arguments& arguments) {
  if (KindOf(arguments.operands[0]) == PeerKind::kRoom) {
    return absl::InvalidArgumentError("neither a phone nor a phone id");
  }
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  CHAT_ASSIGN_OR_RETURN(const Peer peer,
                        ResolvePeer(*dialogue, arguments.operands[0], v1::Contact::REQUEST));
  // No reply but the Contact on the own `ses/`; `ok` when they are friends already or asked first.
  const auto is_answer = [&](const Received& received) {
    if (received.Answer() != nullptr) return received.Answer()->has_ok();
    const auto* contact = received.incoming.dup ? nullptr : received.As<v1::Contact>();
    return contact != nullptr && contact->phone_id() == peer.other &&
           received.incoming.topic.starts_with("ses/") &&
           (contact->status() == v1::Contact::REQUEST || contact->status() == v1::Contact::FRIEND);
  };
  CHAT_ASSIGN_OR_RETURN(const Received answer,
                        dialogue->Ask(RequestFor(peer, v1::Friend::REQUEST), is_answer));
  return Print(arguments, answer, peer);
}

absl::Status FriendConfirm(const Arguments& arguments) {
  if (KindOf(arguments.operands[0]) == PeerKind::kRoom) {
    return absl::InvalidArgumentError("neither a phone nor a phone id");
  }
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  CHAT_ASSIGN_OR_RETURN(const Peer peer, ResolvePending(*dialogue, arguments.operands[0]));
  const auto is_answer = [](const Received& received) {
    return received.Answer() != nullptr && received.Answer()->has_ok();
  };
  CHAT_ASSIGN_OR_RETURN(const Received answer,
                        dialogue->Ask(RequestFor(peer, v1::Friend::CONFIRM), is_answer));
  return Print(arguments, answer, peer);
}

}  // namespace chat::cli
