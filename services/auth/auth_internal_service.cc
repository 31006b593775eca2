#include "services/auth/auth_internal_service.h"

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/metrics/metrics.h"
#include "libs/rpc/refusal.h"
#include "services/auth/client_ids.h"
#include "services/auth/code_texts.h"
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

grpc::Status AuthInternalService::RenameAccount(grpc::ServerContext* context,
                                                const v1::RenameAuthRequest* request,
                                                v1::RenameAuthReply*) {
  return rpc::Serve(
      context, "AuthInternal/RenameAccount", [&](const rpc::Call& call) -> absl::Status {
        if (request->account_id() <= 0 || NormalisePhone(request->phone()) != request->phone()) {
          return absl::InvalidArgumentError("RenameAuthRequest: an account and its phone needed");
        }
        return store_.Rename(call.deadline, request->account_id(), request->phone());
      });
}

grpc::Status AuthInternalService::RemoveAccount(grpc::ServerContext* context,
                                                const v1::RemoveAuthRequest* request,
                                                v1::RemoveAuthReply*) {
  return rpc::Serve(
      context, "AuthInternal/RemoveAccount", [&](const rpc::Call& call) -> absl::Status {
        if (request->account_id() <= 0) {
          return absl::InvalidArgumentError("RemoveAuthRequest.account_id: missing");
        }
        CHAT_ASSIGN_OR_RETURN(int64_t sessions, store_.Remove(call.deadline, request->account_id(),
                                                              request->phone()));
        log::Info(
            "an account is removed",
            {{"account", request->account_id()}, {"sessions", sessions}, {"trace", call.trace}});
        return absl::OkStatus();
      });
}

grpc::Status AuthInternalService::SendCode(grpc::ServerContext* context,
                                           const v1::SendCodeRequest* request,
                                           v1::SendCodeReply* reply) {
  return rpc::Serve(context, "AuthInternal/SendCode", [&](const rpc::Call& call) -> absl::Status {
    const std::optional<std::string> phone = NormalisePhone(request->phone());
    if (!phone) return rpc::Refuse(v1::INVALID_DATA, "SendCodeRequest.phone: is not a phone");
    CHAT_ASSIGN_OR_RETURN(bool allowed, codes_.Count(call.deadline, *phone, request->address()));
    if (!allowed) {
      return rpc::Refuse(v1::ATTEMPTS_EXPIRED, "too many codes for this phone or address");
    }
    const std::string code =
        sender_.IsTestNumber(*phone) ? sender_.CodeFor(*phone) : request->code();
    CHAT_RETURN_IF_ERROR(sender_.Send(courier::Kind::kSms, *phone, code, SmsText(code)));
    reply->set_code(code);
    return absl::OkStatus();
  });
}

}  // namespace chat::auth
