// Registration and session: register, verify, login, logout (PROTOCOL 5.1 and 7).
#include "libs/base/status.h"
#include "libs/client/failure.h"
#include "services/cli/commands.h"
#include "services/cli/dialogue.h"
#include "services/cli/peers.h"

namespace chat::cli {

namespace {

absl::Status PrintAnswer(const Arguments& arguments, const Received& answer,
                         const std::string& plain) {
  return PrintLine(arguments.json ? ToJsonLine(answer) : plain);
}

absl::Status PrintRosters(const std::string& phone, const std::vector<v1::Roster>& rosters) {
  CHAT_RETURN_IF_ERROR(PrintLine("phone " + Printable(phone)));
  for (const v1::Roster& roster : rosters) {
    CHAT_RETURN_IF_ERROR(
        PrintLine(Printable("phone id " + phone + "_" + std::to_string(roster.id()))));
    for (const v1::Contact& contact : roster.userlist()) {
      std::string line = "contact " + contact.phone_id() + " " + StatusAtom(contact);
      for (const std::string& name : {contact.names(), contact.surnames()}) {
        if (!name.empty()) line += " " + name;
      }
      CHAT_RETURN_IF_ERROR(PrintLine(Printable(line)));
    }
    for (const v1::Room& room : roster.roomlist()) {
      CHAT_RETURN_IF_ERROR(PrintLine(Printable("room " + room.id() + " " + room.name())));
    }
  }
  return absl::OkStatus();
}

// {io,{ok2,login,{ClientId,Token}},<<>>}
const v1::TextPair* NewSession(const Received& received) {
  const v1::Io* io = received.Answer();
  if (io == nullptr || io->ok2().atom() != "login") return nullptr;
  return io->ok2().has_pair() ? &io->ok2().pair() : nullptr;
}

}  // namespace

absl::Status Register(const Arguments& arguments) {
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kRegistering));
  // The device keeps its id from now on, also when the answer is lost.
  CHAT_RETURN_IF_ERROR(dialogue->StoreIdentity());
  v1::Auth auth;
  auth.set_client_id("reg_" + dialogue->identity().device);
  auth.set_dev_key(dialogue->identity().dev_key);
  auth.set_phone(PhoneOf(arguments.operands[0]));
  auth.set_type(v1::Auth::REG);
  const auto is_answer = [](const Received& received) {
    return received.Answer() != nullptr && received.Answer()->has_ok();
  };
  CHAT_ASSIGN_OR_RETURN(const Received answer, dialogue->Ask(auth, is_answer));
  return PrintAnswer(arguments, answer, Printable(answer.Answer()->ok().atom()));
}

absl::Status Verify(const Arguments& arguments) {
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kRegistering));
  Identity& identity = dialogue->identity();
  v1::Auth auth;
  auth.set_client_id("reg_" + identity.device);
  auth.set_dev_key(identity.dev_key);
  auth.set_phone(PhoneOf(arguments.operands[0]));
  auth.set_sms_code(arguments.operands[1]);
  auth.set_type(v1::Auth::VERIFY);
  const auto is_session = [](const Received& received) { return NewSession(received) != nullptr; };
  CHAT_ASSIGN_OR_RETURN(const Received session, dialogue->Ask(auth, is_session));
  identity.phone = auth.phone();
  identity.client_id = NewSession(session)->first();
  identity.token = NewSession(session)->second();
  identity.phone_ids.clear();
  CHAT_RETURN_IF_ERROR(dialogue->StoreIdentity());
  if (!arguments.json) return PrintLine("verified " + Printable(identity.phone));
  // The answer holds the token; the Profile behind it tells more and no secret.
  while (true) {
    CHAT_ASSIGN_OR_RETURN(const auto received, dialogue->Next(arguments.timeout_ms));
    if (!received) return client::TimedOut("no Profile in time");
    if (received->As<v1::Profile>() != nullptr) return PrintLine(ToJsonLine(*received));
  }
}

absl::Status Login(const Arguments& arguments) {
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  CHAT_ASSIGN_OR_RETURN(const Received* profile, dialogue->Profile());
  if (arguments.json) return PrintLine(ToJsonLine(*profile));
  CHAT_ASSIGN_OR_RETURN(const auto rosters, dialogue->Rosters());
  return PrintRosters(profile->As<v1::Profile>()->phone(), rosters);
}

absl::Status Logout(const Arguments& arguments) {
  CHAT_ASSIGN_OR_RETURN(const auto dialogue,
                        Dialogue::Open(arguments, Dialogue::State::kAuthenticated));
  v1::Auth auth;
  auth.set_type(v1::Auth::LOGOUT);
  const auto is_answer = [](const Received& received) {
    return received.Answer() != nullptr && received.Answer()->ok().atom() == "logout";
  };
  CHAT_ASSIGN_OR_RETURN(const Received answer, dialogue->Ask(auth, is_answer));
  Identity& identity = dialogue->identity();
  identity.client_id.clear();
  identity.token.clear();
  identity.phone_ids.clear();
  CHAT_RETURN_IF_ERROR(dialogue->StoreIdentity());
  CHAT_RETURN_IF_ERROR(dialogue->inbox().Replace({}));
  return PrintAnswer(arguments, answer, "logout");
}

}  // namespace chat::cli
