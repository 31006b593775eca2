#include "services/auth/device_sessions.h"

#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"
#include "services/auth/replies.h"
#include "services/auth/requests.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr std::chrono::seconds kEndSessionsLimit{2};

absl::Status NoSession(std::string_view why) { return rpc::Refuse(v1::SESSION_NOT_FOUND, why); }
absl::Status Mismatch(std::string_view why) { return rpc::Refuse(v1::MISMATCH_USER_DATA, why); }

// The phone, if given, is that of the session.
bool SamePhone(const v1::Auth& auth, const Session& session) {
  return auth.phone().empty() || NormalisePhone(auth.phone()) == session.phone;
}

v1::Auth ListedAuth(const v1::Caller& caller, const Session& session) {
  v1::Auth auth;
  auth.set_client_id(session.client_id);
  if (!session.dev_key.empty()) auth.set_dev_key(session.dev_key);
  if (caller.rosters_size() > 0) auth.set_user_id(caller.rosters(0).phone_id());
  auth.set_phone(session.phone);
  auth.set_type(v1::Auth::LIST);
  if (!session.os.empty()) auth.set_os(session.os);
  auth.set_created(session.created_ms);
  auth.set_last_online(session.last_online_ms);
  return auth;
}

}  // namespace

absl::StatusOr<Session> DeviceSessions::Own(const rpc::Call& call) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Session> session,
                        store_.FindByClient(call.deadline, call.caller.client_id()));
  if (!session || session->account_id != call.caller.account_id()) {
    return NoSession("Auth: the session of this connection has ended");
  }
  return *std::move(session);
}

absl::StatusOr<Session> DeviceSessions::LoggedIn(const rpc::Call& call, const v1::Auth& auth) {
  CHAT_ASSIGN_OR_RETURN(Session session, Own(call));
  if (!auth.token().empty()) {
    const std::string hash = Sha256(auth.token());
    if (FindToken(session.tokens, hash) == nullptr) {
      CHAT_ASSIGN_OR_RETURN(std::optional<Session> other, store_.FindByToken(call.deadline, hash));
      if (other) return Mismatch("Auth.token: is that of another session");
      return NoSession("Auth.token: unknown");
    }
  }
  if (!auth.client_id().empty() && auth.client_id() != session.client_id) {
    return Mismatch("Auth.client_id: is not that of the connection");
  }
  return session;
}

absl::StatusOr<Session> DeviceSessions::Registering(const rpc::Call& call, const v1::Auth& auth) {
  const std::string hash = Sha256(auth.token());
  CHAT_ASSIGN_OR_RETURN(std::optional<Session> session, store_.FindByToken(call.deadline, hash));
  const StoredToken* token = session ? FindToken(session->tokens, hash) : nullptr;
  if (token == nullptr || token->state != TokenState::kLive) {
    return NoSession("Auth.token: unknown or expired");
  }
  if (!auth.client_id().empty() && auth.client_id() != session->client_id &&
      auth.client_id() != call.caller.client_id()) {
    return Mismatch("Auth.client_id: is not that of the token's session");
  }
  if (auth.dev_key() != session->dev_key) {
    return Mismatch("Auth.dev_key: is not that of the token's session");
  }
  return *std::move(session);
}

absl::Status DeviceSessions::Login(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  const bool registering = call.caller.state() == rules::REGISTERING;
  CHAT_ASSIGN_OR_RETURN(Session session,
                        registering ? Registering(call, auth) : LoggedIn(call, auth));
  if (!auth.dev_key().empty() && auth.dev_key() != session.dev_key) {
    return Mismatch("Auth.dev_key: is not that of the session");
  }
  if (!SamePhone(auth, session)) return Mismatch("Auth.phone: is not that of the session");
  const std::string token = NewToken();
  CHAT_ASSIGN_OR_RETURN(bool added, store_.AddToken(call.deadline, session.id, Sha256(token)));
  if (!added) return NoSession("Auth: the session has ended");
  AddLogin(reply, session.client_id, token);
  if (!registering) reply->set_token(token);
  return absl::OkStatus();
}

absl::Status DeviceSessions::Logout(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  const std::string& own = call.caller.client_id();
  const bool other = !auth.client_id().empty() && auth.client_id() != own;
  const std::string& client_id = other ? auth.client_id() : own;
  CHAT_ASSIGN_OR_RETURN(bool ended, store_.End(call.deadline, call.caller.account_id(), client_id));
  if (other && !ended) return NoSession("Auth.client_id: no session of this phone");
  log::Info("a device is logged out", {{"client", client_id},
                                       {"account", call.caller.account_id()},
                                       {"by_other", other},
                                       {"trace", call.trace}});
  if (other) {
    EndEverywhere(call, client_id);
    AddOk(reply, "logout");
    return absl::OkStatus();
  }
  AddOkWithAuth(reply, "logout", call.caller.token());
  reply->set_close(true);
  return absl::OkStatus();
}

void DeviceSessions::EndEverywhere(const rpc::Call& call, const std::string& client_id) {
  v1::EndSessionsRequest request;
  request.set_account_id(call.caller.account_id());
  request.set_client_id(client_id);
  v1::Reply told;
  AddOk(&told, "logout");
  *request.mutable_record() = told.records(0);
  v1::EndSessionsReply ended;
  absl::Status status = rpc::Invoke(call, feeds_, &v1::FeedsInternal::StubInterface::EndSessions,
                                    request, &ended, kEndSessionsLimit);
  if (status.ok()) return;
  log::Warn("a session that was logged out could not be ended at once",
            {{"client", client_id}, {"why", Message(status)}, {"trace", call.trace}});
}

absl::Status DeviceSessions::Push(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  if (!IsOs(auth.os())) return Mismatch("Auth.os: is not ios, android or web");
  CHAT_ASSIGN_OR_RETURN(Session session, Own(call));
  if (!auth.client_id().empty() && auth.client_id() != session.client_id) {
    return Mismatch("Auth.client_id: is not that of the connection");
  }
  if (!SamePhone(auth, session)) return Mismatch("Auth.phone: is not that of the session");
  if (!auth.token().empty() && FindToken(session.tokens, Sha256(auth.token())) == nullptr) {
    return Mismatch("Auth.token: is not that of the session");
  }
  std::optional<std::string> push;
  if (auth.has_push()) push = auth.push();
  CHAT_ASSIGN_OR_RETURN(bool stored, store_.SetPush(call.deadline, session.id, push, auth.os()));
  if (!stored) return NoSession("Auth: the session has ended");
  AddEmpty(reply);
  return absl::OkStatus();
}

absl::Status DeviceSessions::List(const rpc::Call& call, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(
      std::vector<Session> sessions,
      store_.List(call.deadline, call.caller.account_id(), call.caller.client_id()));
  if (sessions.empty()) return NoSession("Auth: the session of this connection has ended");
  for (const Session& session : sessions) {
    *reply->add_records()->mutable_auth() = ListedAuth(call.caller, session);
  }
  return absl::OkStatus();
}

absl::Status DeviceSessions::Init(const rpc::Call& call, const v1::Init& init, v1::Reply* reply) {
  if (call.caller.state() == rules::AUTHENTICATED) {
    AddToken(reply, call.caller.token());
    return absl::OkStatus();
  }
  const std::string fresh = NewToken();
  CHAT_ASSIGN_OR_RETURN(
      bool keep,
      store_.KeepInitToken(call.deadline, call.caller.client_id(),
                           init.token().empty() ? "" : Sha256(init.token()), Sha256(fresh)));
  AddToken(reply, keep ? init.token() : fresh);
  return absl::OkStatus();
}

}  // namespace chat::auth
