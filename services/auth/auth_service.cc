#include "services/auth/auth_service.h"

namespace chat::auth {

using rpc::Call;
using rpc::Serve;

grpc::Status AuthService::Reg(grpc::ServerContext* context, const v1::Auth* auth,
                              v1::Reply* reply) {
  return Serve(context, "AuthService/Reg",
               [&](const Call& call) { return registrar_.Reg(call, *auth, reply); });
}

grpc::Status AuthService::Voice(grpc::ServerContext* context, const v1::Auth* auth,
                                v1::Reply* reply) {
  return Serve(context, "AuthService/Voice",
               [&](const Call& call) { return registrar_.Voice(call, *auth, reply); });
}

grpc::Status AuthService::Resend(grpc::ServerContext* context, const v1::Auth* auth,
                                 v1::Reply* reply) {
  return Serve(context, "AuthService/Resend",
               [&](const Call& call) { return registrar_.Resend(call, *auth, reply); });
}

grpc::Status AuthService::Verify(grpc::ServerContext* context, const v1::Auth* auth,
                                 v1::Reply* reply) {
  return Serve(context, "AuthService/Verify",
               [&](const Call& call) { return registrar_.Verify(call, *auth, reply); });
}

grpc::Status AuthService::Login(grpc::ServerContext* context, const v1::Auth* auth,
                                v1::Reply* reply) {
  return Serve(context, "AuthService/Login",
               [&](const Call& call) { return sessions_.Login(call, *auth, reply); });
}

grpc::Status AuthService::Logout(grpc::ServerContext* context, const v1::Auth* auth,
                                 v1::Reply* reply) {
  return Serve(context, "AuthService/Logout",
               [&](const Call& call) { return sessions_.Logout(call, *auth, reply); });
}

grpc::Status AuthService::Push(grpc::ServerContext* context, const v1::Auth* auth,
                               v1::Reply* reply) {
  return Serve(context, "AuthService/Push",
               [&](const Call& call) { return sessions_.Push(call, *auth, reply); });
}

grpc::Status AuthService::List(grpc::ServerContext* context, const v1::Auth*, v1::Reply* reply) {
  return Serve(context, "AuthService/List",
               [&](const Call& call) { return sessions_.List(call, reply); });
}

grpc::Status AuthService::Init(grpc::ServerContext* context, const v1::Init* init,
                               v1::Reply* reply) {
  return Serve(context, "AuthService/Init",
               [&](const Call& call) { return sessions_.Init(call, *init, reply); });
}

}  // namespace chat::auth
