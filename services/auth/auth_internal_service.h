// What gateways ask: the verdict on a CONNECT (PROTOCOL 1.2, O8, 5.1.5) and which live sessions
// have ended (O11); and, for services with listeners of their own, whose a token is.
#pragma once

#include "chat/v1/auth.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/auth/session_store.h"

namespace chat::auth {

class AuthInternalService final : public v1::AuthInternal::Service {
 public:
  explicit AuthInternalService(SessionStore& store) : store_(store) {}  // outlives the service

  grpc::Status Connect(grpc::ServerContext*, const v1::ConnectRequest*, v1::ConnectReply*) override;
  // At most 100,000 sessions a call.
  grpc::Status Revoked(grpc::ServerContext*, const v1::RevokedRequest*, v1::RevokedReply*) override;
  grpc::Status Whose(grpc::ServerContext*, const v1::TokenRequest*, v1::TokenReply*) override;

 private:
  absl::Status Decide(const rpc::Call& call, const v1::ConnectRequest& request,
                      v1::ConnectReply* reply);
  absl::Status Admit(const rpc::Call& call, const Session& session, const StoredToken& token,
                     v1::ConnectReply* reply);

  SessionStore& store_;
};

}  // namespace chat::auth
