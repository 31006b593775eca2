#include "services/auth/auth_internal_service.h"

#include "libs/base/status.h"
#include "libs/metrics/metrics.h"
#include "services/auth/client_ids.h"
#include "services/auth/connect_rules.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr int kMaxAsked = 100'000;

void Refuse(uint32_t code, v1::ConnectReply* reply) {
  reply->set_verdict(v1::ConnectReply::REFUSED);
  reply->set_code(code);
}

prometheus::Counter& Decided(v1::ConnectReply::Verdict verdict) {
  return metrics::Counter("chat_auth_connects_total", "CONNECTs by verdict",
                          {{"verdict", v1::ConnectReply::Verdict_Name(verdict)}});
}

}  // namespace

grpc::Status AuthInternalService::Connect(grpc::ServerContext* context,
                                          const v1::ConnectRequest* request,
                                          v1::ConnectReply* reply) {
  return rpc::Serve(context, "AuthInternal/Connect", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(Decide(call, *request, reply));
    Decided(reply->verdict()).Increment();
    return absl::OkStatus();
  });
}

absl::Status AuthInternalService::Decide(const rpc::Call& call, const v1::ConnectRequest& request,
                                         v1::ConnectReply* reply) {
  const ClientKind kind = Classify(request.client_id());
  std::optional<Session> session;
  if (kind == ClientKind::kDevice) {
    CHAT_ASSIGN_OR_RETURN(session, store_.FindByClient(call.deadline, request.client_id()));
  }
  ConnectVerdict verdict = JudgeConnect(kind, session ? &session->tokens : nullptr,
                                        request.has_password() ? request.password() : "");
  switch (verdict.state) {
    case ConnectVerdict::State::kRefused:
      Refuse(verdict.code, reply);
      break;
    case ConnectVerdict::State::kRegistering:
      reply->set_verdict(v1::ConnectReply::REGISTERING);
      break;
    case ConnectVerdict::State::kAnonymous:
      reply->set_verdict(v1::ConnectReply::ANONYMOUS);
      break;
    case ConnectVerdict::State::kAuthenticated:
      return Admit(call, *session, *verdict.presented, reply);
  }
  return absl::OkStatus();
}

absl::Status AuthInternalService::Admit(const rpc::Call& call, const Session& session,
                                        const StoredToken& token, v1::ConnectReply* reply) {
  const std::string fresh = token.state == TokenState::kRenewable ? NewToken() : "";
  CHAT_ASSIGN_OR_RETURN(bool there, store_.Connected(call.deadline, session.id, token.id,
                                                     fresh.empty() ? "" : Sha256(fresh)));
  if (!there) {
    Refuse(kBadPassword, reply);
    return absl::OkStatus();
  }
  reply->set_verdict(v1::ConnectReply::AUTHENTICATED);
  reply->set_account_id(session.account_id);
  reply->set_phone(session.phone);
  reply->set_auth_id(session.id);
  reply->set_new_token(fresh);
  return absl::OkStatus();
}

grpc::Status AuthInternalService::Revoked(grpc::ServerContext* context,
                                          const v1::RevokedRequest* request,
                                          v1::RevokedReply* reply) {
  return rpc::Serve(context, "AuthInternal/Revoked", [&](const rpc::Call& call) -> absl::Status {
    if (request->auth_id_size() > kMaxAsked) {
      return absl::InvalidArgumentError("RevokedRequest.auth_id: more than 100000 sessions");
    }
    CHAT_ASSIGN_OR_RETURN(
        std::vector<int64_t> gone,
        store_.Gone(call.deadline, {request->auth_id().begin(), request->auth_id().end()}));
    reply->mutable_auth_id()->Add(gone.begin(), gone.end());
    return absl::OkStatus();
  });
}

grpc::Status AuthInternalService::Whose(grpc::ServerContext* context,
                                        const v1::TokenRequest* request, v1::TokenReply* reply) {
  return rpc::Serve(context, "AuthInternal/Whose", [&](const rpc::Call& call) -> absl::Status {
    const std::string hash = Sha256(request->token());
    CHAT_ASSIGN_OR_RETURN(std::optional<Session> session, store_.FindByToken(call.deadline, hash));
    if (!session) return absl::OkStatus();
    const StoredToken* token = FindToken(session->tokens, hash);
    if (token == nullptr || token->state != TokenState::kLive) return absl::OkStatus();
    reply->set_account_id(session->account_id);
    reply->set_phone(session->phone);
    return absl::OkStatus();
  });
}

}  // namespace chat::auth
