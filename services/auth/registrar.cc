#include "services/auth/registrar.h"

#include "libs/base/clock.h"
#include "libs/base/ids.h"
#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"
#include "services/auth/client_ids.h"
#include "services/auth/code_texts.h"
#include "services/auth/replies.h"
#include "services/auth/requests.h"
#include "services/auth/secrets.h"

namespace chat::auth {
namespace {

constexpr size_t kSuffixBytes = 8;

absl::Status TooManyCodes() {
  return rpc::Refuse(v1::ATTEMPTS_EXPIRED, "Auth: too many codes for this phone or address");
}
absl::Status NoPending() {
  return rpc::Refuse(v1::SESSION_NOT_FOUND, "Auth: no pending registration");
}
absl::Status Mismatch() {
  return rpc::Refuse(v1::MISMATCH_USER_DATA,
                     "Auth: client_id, dev_key or phone is not that of the registration");
}

absl::Status RefusalFor(SendVerdict verdict) {
  switch (verdict) {
    case SendVerdict::kSame:
    case SendVerdict::kNew:
      return absl::OkStatus();
    case SendVerdict::kNone:
      return NoPending();
    case SendVerdict::kMismatch:
      return Mismatch();
    case SendVerdict::kUsedUp:
      break;
  }
  return rpc::Refuse(v1::ATTEMPTS_EXPIRED, "Auth: all tries of this registration are used up");
}

absl::Status RefusalFor(VerifyVerdict verdict, bool jwt) {
  switch (verdict) {
    case VerifyVerdict::kAccept:
    case VerifyVerdict::kAgain:
      return absl::OkStatus();
    case VerifyVerdict::kNone:
    case VerifyVerdict::kNoneTried:
      return NoPending();
    case VerifyVerdict::kMismatch:
      return Mismatch();
    case VerifyVerdict::kExpired:
      return rpc::Refuse(v1::ATTEMPTS_EXPIRED, "Auth.sms_code: too old, or tried too often");
    case VerifyVerdict::kWrong:
      break;
  }
  return rpc::Refuse(jwt ? v1::INVALID_JWT_CODE : v1::INVALID_SMS_CODE, "Auth.sms_code: wrong");
}

}  // namespace

absl::Status Registrar::Reg(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  std::optional<std::string> phone = NormalisePhone(auth.phone());
  if (!phone) return rpc::Refuse(v1::INVALID_DATA, "Auth.phone: is not 5 to 15 digits");
  const bool jwt = HasService(auth, "jwt");
  if (jwt && !config_.jwt) return rpc::Refuse(v1::INVALID_DATA, "Auth.services: jwt is off");
  if (!auth.client_id().empty() && auth.client_id() != call.caller.client_id()) return Mismatch();

  Registration registration{.client_id = call.caller.client_id(),
                            .phone = *phone,
                            .dev_key = auth.dev_key(),
                            .os = IsOs(auth.os()) ? auth.os() : "",
                            .jwt = jwt,
                            .code = {},
                            .address = call.caller.address()};
  if (jwt) return RegJwt(call, std::move(registration), reply);
  registration.code = sender_.CodeFor(*phone);
  CHAT_ASSIGN_OR_RETURN(bool allowed, store_.Register(call.deadline, registration));
  if (!allowed) return TooManyCodes();
  CHAT_RETURN_IF_ERROR(
      sender_.Send(courier::Kind::kSms, *phone, registration.code, SmsText(registration.code)));
  AddOk(reply, "sms_sent");
  return absl::OkStatus();
}

absl::Status Registrar::RegJwt(const rpc::Call& call, Registration registration, v1::Reply* reply) {
  std::string jwt = SignedJwt(config_.jwt_key,
                              {.phone = registration.phone,
                               .client_id = registration.client_id,
                               .expires_s = Clock::System().UnixMs() / 1000 + config_.code_life_s,
                               .id = courier::RandomHex(kSuffixBytes)});
  registration.code = Hex(Sha256(jwt));
  CHAT_ASSIGN_OR_RETURN(bool allowed, store_.Register(call.deadline, registration));
  if (!allowed) return TooManyCodes();
  AddJwtSent(reply, jwt);
  return absl::OkStatus();
}

absl::StatusOr<Registrar::Ready> Registrar::Repeat(Send how, const rpc::Call& call,
                                                   const v1::Auth& auth) {
  const Claim claim = ClaimOf(call.caller, auth);
  const CodeRequest request{call.caller.client_id(), call.caller.address(),
                            [this](const std::string& phone) { return sender_.CodeFor(phone); }};
  auto judge = [&](const std::optional<Pending>& pending) {
    return JudgeSend(how, pending, claim, limits_);
  };
  CHAT_ASSIGN_OR_RETURN(CodeAnswer answer, store_.RepeatCode(call.deadline, request, judge));
  CHAT_RETURN_IF_ERROR(RefusalFor(answer.verdict));
  if (!answer.within_limits) return TooManyCodes();
  return Ready{answer.pending.phone, answer.pending.code};
}

absl::Status Registrar::Voice(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(Ready ready, Repeat(Send::kVoice, call, auth));
  const std::string language = auth.services().empty() ? "" : auth.services(0);
  CHAT_RETURN_IF_ERROR(sender_.Send(courier::Kind::kVoice, ready.phone, ready.code,
                                    VoiceText(language, ready.code)));
  AddOkWithAuth(reply, "call_in_progress", courier::RandomHex(kSuffixBytes));
  return absl::OkStatus();
}

absl::Status Registrar::Resend(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  CHAT_ASSIGN_OR_RETURN(Ready ready, Repeat(Send::kSms, call, auth));
  CHAT_RETURN_IF_ERROR(
      sender_.Send(courier::Kind::kSms, ready.phone, ready.code, SmsText(ready.code)));
  AddOk(reply, "sms_sent");
  return absl::OkStatus();
}

absl::StatusOr<v1::AccountReply> Registrar::OpenAccount(const rpc::Call& call,
                                                        const std::string& phone) {
  using Profile = v1::ProfileInternal::StubInterface;
  v1::EnsureAccountRequest ensure;
  ensure.set_phone(phone);
  v1::AccountReply account;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, profile_, &Profile::EnsureAccount, ensure, &account));
  v1::OpenProfileRequest open;
  open.set_account_id(account.account_id());
  v1::AccountReply opened;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, profile_, &Profile::Open, open, &opened));
  return opened;
}

absl::Status Registrar::Verify(const rpc::Call& call, const v1::Auth& auth, v1::Reply* reply) {
  const std::string& own = call.caller.client_id();
  const bool jwt = HasService(auth, "jwt");
  Claim claim = ClaimOf(call.caller, auth);
  auto judge = [&](const std::optional<Pending>& pending) {
    return JudgeVerify(pending, claim, auth.sms_code(), limits_);
  };
  CHAT_ASSIGN_OR_RETURN(VerifyAnswer tried, store_.TryCode(call.deadline, own, judge));
  CHAT_RETURN_IF_ERROR(RefusalFor(tried.verdict, jwt));

  const std::string& phone = tried.pending.phone;
  CHAT_ASSIGN_OR_RETURN(v1::AccountReply account, OpenAccount(call, phone));

  claim.phone = phone;  // the account opened above is that of this phone and of no other
  const std::string token = NewToken();
  const std::string suffix = courier::RandomHex(kSuffixBytes);
  const std::string session_id = SessionClientId(own, suffix);
  const NewSession session{.client_id = own,
                           .session_id = session_id,
                           .other_id = WithSuffix(session_id, suffix),
                           .account_id = account.account_id(),
                           .token_hash = Sha256(token)};
  CHAT_ASSIGN_OR_RETURN(OpenedSession opened, store_.OpenSession(call.deadline, session, judge));
  CHAT_RETURN_IF_ERROR(RefusalFor(opened.verdict, jwt));
  log::Info("a device is verified", {{"client", opened.client_id},
                                     {"phone", log::Masked(phone)},
                                     {"account", account.account_id()},
                                     {"again", opened.verdict == VerifyVerdict::kAgain},
                                     {"trace", call.trace}});
  if (config_.verify_reply == "docs") {
    AddLoginOfDocs(reply, opened.client_id, token);
  } else {
    AddLogin(reply, opened.client_id, token);
  }
  *reply->add_records()->mutable_profile() = std::move(*account.mutable_profile());
  return absl::OkStatus();
}

}  // namespace chat::auth
