#include "services/profile/phone_moves.h"

#include "libs/base/status.h"
#include "libs/courier/secret_code.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"
#include "services/profile/services_rules.h"

namespace chat::profile {
namespace {

constexpr std::chrono::seconds kLongestStep{20};

absl::Status TooMany() {
  return rpc::Refuse(v1::TOO_MANY, "Profile: too many codes for this account or phone");
}
absl::Status Taken() {
  return rpc::Refuse(v1::INVALID_DATA, "Profile.phone: has a profile already");
}

AccountId Own(const rpc::Call& call) { return AccountId{call.caller.account_id()}; }

}  // namespace

absl::StatusOr<std::string> PhoneMoves::SendCode(const rpc::Call& call, const std::string& phone) {
  v1::SendCodeRequest request;
  request.set_phone(phone);
  request.set_code(courier::NewCode());
  request.set_address(call.caller.address());
  v1::SendCodeReply reply;
  absl::Status sent =
      rpc::Invoke(call, peers_.auth, &v1::AuthInternal::StubInterface::SendCode, request, &reply);
  if (rpc::RefusalOf(sent) == v1::ATTEMPTS_EXPIRED) return TooMany();
  if (!sent.ok()) return sent;
  return reply.code();
}

absl::Status PhoneMoves::Begin(const rpc::Call& call, const v1::Profile& request,
                               v1::Reply* reply) {
  const std::optional<std::string> phone = NormalisePhone(request.phone());
  if (!phone) return rpc::Refuse(v1::INVALID_DATA, "Profile.phone: is not 5 to 15 digits");
  if (*phone == call.caller.phone()) {
    return rpc::Refuse(v1::INVALID_DATA, "Profile.phone: is the own one");
  }
  CHAT_ASSIGN_OR_RETURN(bool taken, store_.HasPhone(call.deadline, *phone));
  if (taken) return Taken();
  CHAT_ASSIGN_OR_RETURN(bool allowed, codes_.CountCode(call.deadline, Own(call), *phone));
  if (!allowed) return TooMany();
  CHAT_ASSIGN_OR_RETURN(std::string code, SendCode(call, *phone));
  CHAT_ASSIGN_OR_RETURN(
      bool stored, store_.PutMove(call.deadline, Own(call), *phone, courier::HashedCode(code)));
  if (!stored) return absl::NotFoundError("there is no such account");
  reply->add_records()->mutable_io()->mutable_ok()->set_atom("migration");
  reply->mutable_records(0)->mutable_io()->set_nothing("");
  return absl::OkStatus();
}

absl::Status PhoneMoves::Finish(const rpc::Call& call, const v1::Profile& request,
                                v1::Reply* reply) {
  const std::optional<std::string> phone = NormalisePhone(request.phone());
  const std::optional<std::string> code = phone ? MoveCodeOf(request, *phone) : std::nullopt;
  if (!code) {
    return rpc::Refuse(v1::NOT_AUTHORIZED, "Profile.services: is not one code for this phone");
  }
  CHAT_ASSIGN_OR_RETURN(MoveVerdict verdict, store_.Move(call.deadline, Own(call), *phone, *code));
  if (verdict == MoveVerdict::kTaken) return Taken();
  if (verdict == MoveVerdict::kRefused) {
    return rpc::Refuse(v1::NOT_AUTHORIZED, "Profile: no pending move to this phone by this code");
  }
  log::Info("an account has moved to another phone", {{"account", call.caller.account_id()},
                                                      {"from", log::Masked(call.caller.phone())},
                                                      {"to", log::Masked(*phone)},
                                                      {"trace", call.trace}});
  CHAT_RETURN_IF_ERROR(Settle(call, {Own(call), *phone}));
  CHAT_ASSIGN_OR_RETURN(v1::AccountReply account,
                        profiles_.Open(call, Own(call), v1::Profile::PHONE));
  v1::Profile& moved = *reply->add_records()->mutable_profile();
  moved.set_phone(account.profile().phone());
  *moved.mutable_rosters() = std::move(*account.mutable_profile()->mutable_rosters());
  moved.set_update(account.profile().update());
  moved.set_status(v1::Profile::PHONE);
  return absl::OkStatus();
}

absl::Status PhoneMoves::Settle(const rpc::Call& call, const Unsettled& account) {
  v1::RenameAuthRequest auth;
  auth.set_account_id(account.id.value);
  auth.set_phone(account.phone);
  v1::RenameAuthReply renamed;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(
      call, peers_.auth, &v1::AuthInternal::StubInterface::RenameAccount, auth, &renamed));
  v1::RenameAccountRequest roster;
  roster.set_account_id(account.id.value);
  roster.set_phone(account.phone);
  v1::RostersReply rosters;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, peers_.roster,
                                   &v1::RosterInternal::StubInterface::RenameAccount, roster,
                                   &rosters, kLongestStep));
  return store_.Renamed(call.deadline, account.id, account.phone);
}

}  // namespace chat::profile
