#include "services/auth/replies.h"

namespace chat::auth {
namespace {

v1::Io* AddIo(v1::Reply* reply) { return reply->add_records()->mutable_io(); }

}  // namespace

void AddOk(v1::Reply* reply, std::string_view atom) {
  v1::Io* io = AddIo(reply);
  io->mutable_ok()->set_atom(std::string(atom));
  io->set_nothing("");
}

void AddOkWithAuth(v1::Reply* reply, std::string_view atom, const std::string& handle) {
  v1::Io* io = AddIo(reply);
  io->mutable_ok()->set_atom(std::string(atom));
  io->mutable_auth()->set_token(handle);
}

void AddJwtSent(v1::Reply* reply, const std::string& jwt) {
  v1::Io* io = AddIo(reply);
  io->mutable_ok2()->set_atom("jwt_sent");
  io->mutable_ok2()->set_text(jwt);
  io->set_nothing("");
}

void AddLogin(v1::Reply* reply, const std::string& client_id, const std::string& token) {
  v1::Io* io = AddIo(reply);
  io->mutable_ok2()->set_atom("login");
  io->mutable_ok2()->mutable_pair()->set_first(client_id);
  io->mutable_ok2()->mutable_pair()->set_second(token);
  io->set_nothing("");
}

void AddLoginOfDocs(v1::Reply* reply, const std::string& client_id, const std::string& token) {
  v1::Io* io = AddIo(reply);
  io->mutable_ok2()->set_atom("login");
  io->mutable_ok2()->mutable_client()->set_client_id(client_id);
  io->mutable_token()->set_token(token);
}

void AddEmpty(v1::Reply* reply) {
  v1::Io* io = AddIo(reply);
  io->set_text("");
  io->set_nothing("");
}

void AddToken(v1::Reply* reply, const std::string& token) {
  v1::Io* io = AddIo(reply);
  io->set_text("");
  io->mutable_token()->set_token(token);
}

}  // namespace chat::auth
