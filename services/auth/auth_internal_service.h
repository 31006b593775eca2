// What other processes ask: gateways the verdict on a CONNECT (PROTOCOL 1.2, O8, 5.1.5) and which
// live sessions have ended (O11); services with listeners of their own whose a token is; profile
// the end or the new phone of an account, and a code to a phone.
#pragma once

#include "chat/v1/auth.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/auth/code_sender.h"
#include "services/auth/code_store.h"
#include "services/auth/session_store.h"

namespace chat::auth {

class AuthInternalService final : public v1::AuthInternal::Service {
 public:
  // All outlive the service.
  AuthInternalService(SessionStore& store, CodeStore& codes, CodeSender& sender)
      : store_(store), codes_(codes), sender_(sender) {}

  grpc::Status Connect(grpc::ServerContext*, const v1::ConnectRequest*, v1::ConnectReply*) override;
  // At most 100,000 sessions a call.
  grpc::Status Revoked(grpc::ServerContext*, const v1::RevokedRequest*, v1::RevokedReply*) override;
  grpc::Status Whose(grpc::ServerContext*, const v1::TokenRequest*, v1::TokenReply*) override;
  grpc::Status RenameAccount(grpc::ServerContext*, const v1::RenameAuthRequest*,
                             v1::RenameAuthReply*) override;
  grpc::Status RemoveAccount(grpc::ServerContext*, const v1::RemoveAuthRequest*,
                             v1::RemoveAuthReply*) override;
  grpc::Status SendCode(grpc::ServerContext*, const v1::SendCodeRequest*,
                        v1::SendCodeReply*) override;

 private:
  absl::Status Decide(const rpc::Call& call, const v1::ConnectRequest& request,
                      v1::ConnectReply* reply);
  absl::Status Admit(const rpc::Call& call, const Session& session, const StoredToken& token,
                     v1::ConnectReply* reply);

  SessionStore& store_;
  CodeStore& codes_;
  CodeSender& sender_;
};

}  // namespace chat::auth
