#include "services/profile/profile_service.h"

#include <set>
#include <string_view>

#include "libs/base/status.h"
#include "libs/rpc/refusal.h"

namespace chat::profile {
namespace {

// `phone=[]` means the own one (PROTOCOL 5.3).
absl::Status CheckOwn(const rpc::Call& call, const v1::Profile& profile) {
  if (profile.phone().empty() || NormalisePhone(profile.phone()) == call.caller.phone()) {
    return absl::OkStatus();
  }
  return rpc::Refuse(v1::NOT_AUTHORIZED, "Profile.phone: is not the own one");
}

// A Feature's id is unique within its list (PROTOCOL 3.5).
absl::Status CheckSettings(const v1::Profile& profile) {
  std::set<std::string_view> ids;
  for (const v1::Feature& feature : profile.settings()) {
    if (!ids.insert(feature.id()).second) {
      return rpc::Refuse(v1::INVALID_DATA, "Profile.settings: two have the same id");
    }
  }
  return absl::OkStatus();
}

void AddProfile(v1::AccountReply account, v1::Reply* reply) {
  *reply->add_records()->mutable_profile() = std::move(*account.mutable_profile());
}

}  // namespace

grpc::Status ProfileService::Get(grpc::ServerContext* context, const v1::Profile* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_ASSIGN_OR_RETURN(
        v1::AccountReply account,
        profiles_.Open(call, AccountId{call.caller.account_id()}, v1::Profile::GET));
    AddProfile(std::move(account), reply);
    return absl::OkStatus();
  });
}

grpc::Status ProfileService::Set(grpc::ServerContext* context, const v1::Profile* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Set", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_RETURN_IF_ERROR(CheckSettings(*request));
    CHAT_ASSIGN_OR_RETURN(
        v1::AccountReply account,
        profiles_.SetSettings(call, AccountId{call.caller.account_id()}, *request));
    AddProfile(std::move(account), reply);
    return absl::OkStatus();
  });
}

}  // namespace chat::profile
