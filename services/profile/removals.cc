#include "services/profile/removals.h"

#include "libs/base/status.h"
#include "libs/log/log.h"
#include "libs/rpc/refusal.h"

namespace chat::profile {
namespace {

// A person with thousands of contacts takes a while; the call's own deadline holds as well.
constexpr std::chrono::seconds kLongestStep{20};

}  // namespace

absl::Status Removals::Remove(const rpc::Call& call, AccountId id) {
  CHAT_ASSIGN_OR_RETURN(std::optional<Unsettled> account, store_.BeginRemoval(call.deadline, id));
  if (!account) return rpc::Refuse(v1::NOT_FOUND, "Profile: there is no such account any more");
  log::Info("a profile is to be removed", {{"account", id.value},
                                           {"phone", log::Masked(account->phone)},
                                           {"client", call.caller.client_id()},
                                           {"trace", call.trace}});
  return Finish(call, *account);
}

absl::Status Removals::Finish(const rpc::Call& call, const Unsettled& account) {
  v1::RemoveAccountRequest roster;
  roster.set_account_id(account.id.value);
  v1::RemoveAccountReply forgotten;
  CHAT_RETURN_IF_ERROR(rpc::Invoke(call, roster_, &v1::RosterInternal::StubInterface::RemoveAccount,
                                   roster, &forgotten, kLongestStep));
  CHAT_RETURN_IF_ERROR(Disconnect(call, account));
  v1::RemoveAuthRequest auth;
  auth.set_account_id(account.id.value);
  auth.set_phone(account.phone);
  v1::RemoveAuthReply deleted;
  CHAT_RETURN_IF_ERROR(
      rpc::Invoke(call, auth_, &v1::AuthInternal::StubInterface::RemoveAccount, auth, &deleted));
  CHAT_RETURN_IF_ERROR(store_.Removed(call.deadline, account.id));
  log::Info("a profile is removed", {{"account", account.id.value}, {"trace", call.trace}});
  return absl::OkStatus();
}

absl::Status Removals::Disconnect(const rpc::Call& call, const Unsettled& account) {
  v1::EndSessionsRequest request;
  request.set_account_id(account.id.value);
  v1::Profile& last = *request.mutable_record()->mutable_profile();
  last.set_phone(account.phone);
  last.set_status(v1::Profile::REMOVE);
  v1::EndSessionsReply ended;
  return rpc::Invoke(call, feeds_, &v1::FeedsInternal::StubInterface::EndSessions, request, &ended);
}

}  // namespace chat::profile
