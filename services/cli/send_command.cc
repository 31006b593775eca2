// send: Message/client (PROTOCOL 5.6.1).
#include "libs/base/status.h"
#include "services/cli/commands.h"
#include "services/cli/dialogue.h"
#include "services/cli/peers.h"

namespace chat::cli {

absl::Status Send(const Arguments& arguments) {
  if (arguments.operands[1].empty()) return absl::InvalidArgumentError("TEXT is empty");
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  CHAT_ASSIGN_OR_RETURN(const Peer peer,
                        ResolvePeer(*dialogue, arguments.operands[0], v1::Contact::FRIEND));
  v1::Message message;
  message.set_msg_id(dialogue->identity().device + "_" + RandomHex(12));
  message.set_from(peer.own);
  message.set_to(peer.other);
  SetFeed(peer, &message);
  v1::Desc* text = message.add_files();
  text->set_id(message.msg_id() + "_1");
  text->set_mime("text");
  text->set_payload(arguments.operands[1]);
  message.set_status(v1::Message::CLIENT);
  const auto is_own_copy = [&](const Received& received) {
    const auto* copy = received.As<v1::Message>();
    return copy != nullptr && copy->msg_id() == message.msg_id() && copy->has_id();
  };
  CHAT_ASSIGN_OR_RETURN(const Received copy, dialogue->Ask(message, is_own_copy));
  return PrintLine(arguments.json ? ToJsonLine(copy)
                                  : std::to_string(copy.As<v1::Message>()->id()));
}

}  // namespace chat::cli
