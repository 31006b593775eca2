#include "services/profile/mail_links.h"

#include "libs/base/status.h"
#include "libs/courier/mail_address.h"
#include "libs/courier/secret_code.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"
#include "services/profile/services_rules.h"

namespace chat::profile {
namespace {

courier::Letter Mail(const std::string& address, const std::string& code) {
  return {.kind = courier::Kind::kEmail,
          .to = address,
          .code = code,
          .text = "Your code is " + code +
                  ".\nIt proves that this mailbox is yours and is good for an hour.\n"
                  "If you did not ask for it, somebody mistyped an address: ignore this mail.",
          .subject = "Your code"};
}

AccountId Own(const rpc::Call& call) { return AccountId{call.caller.account_id()}; }

}  // namespace

absl::Status MailLinks::Link(const rpc::Call& call, const v1::Profile& request, v1::Reply* reply) {
  const std::optional<MailClaim> claim = MailClaimOf(request);
  if (!claim) {
    return rpc::Refuse(v1::INVALID_DATA, "Profile.services: is not one email with an address");
  }
  CHAT_ASSIGN_OR_RETURN(bool allowed, store_.CountCode(call.deadline, Own(call),
                                                       courier::FoldedAddress(claim->address)));
  if (!allowed) {
    return rpc::Refuse(v1::TOO_MANY, "Profile: too many codes for this account or address");
  }
  const std::string code = courier::NewCode();
  if (absl::Status sent = courier_.Send(Mail(claim->address, code)); !sent.ok()) {
    return rpc::Refuse(v1::INVALID_DATA, "Profile.services: the mail cannot be handed over");
  }
  CHAT_ASSIGN_OR_RETURN(
      bool stored, store_.Put(call.deadline, Own(call), claim->address, courier::HashedCode(code)));
  if (!stored) return rpc::Refuse(v1::TOO_MANY, "Profile.services: too many verified addresses");
  reply->add_records()->mutable_io()->mutable_ok()->set_atom("email_sent");
  reply->mutable_records(0)->mutable_io()->set_nothing("");
  return absl::OkStatus();
}

absl::Status MailLinks::Verify(const rpc::Call& call, const v1::Profile& request,
                               v1::Reply* reply) {
  const std::optional<MailClaim> claim = MailClaimOf(request);
  if (!claim || claim->code.empty()) {
    return rpc::Refuse(v1::WRONG_CODE, "Profile.services: is not one email with address and code");
  }
  CHAT_ASSIGN_OR_RETURN(bool verified,
                        store_.Verify(call.deadline, Own(call), claim->address, claim->code));
  if (!verified) return rpc::Refuse(v1::WRONG_CODE, "Profile.services: wrong or old code");
  log::Info("an e-mail address is verified", {{"account", call.caller.account_id()},
                                              {"address", log::Masked(claim->address)},
                                              {"trace", call.trace}});
  reply->add_records()->mutable_io()->mutable_ok()->set_atom("verified");
  reply->mutable_records(0)->mutable_io()->set_nothing("");
  return absl::OkStatus();
}

}  // namespace chat::profile
