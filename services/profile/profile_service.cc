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

AccountId Own(const rpc::Call& call) { return AccountId{call.caller.account_id()}; }

void AddProfile(v1::AccountReply account, v1::Reply* reply) {
  *reply->add_records()->mutable_profile() = std::move(*account.mutable_profile());
}

}  // namespace

grpc::Status ProfileService::Get(grpc::ServerContext* context, const v1::Profile* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Get", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_ASSIGN_OR_RETURN(v1::AccountReply account,
                          parts_.profiles.Open(call, Own(call), v1::Profile::GET));
    AddProfile(std::move(account), reply);
    return absl::OkStatus();
  });
}

grpc::Status ProfileService::Set(grpc::ServerContext* context, const v1::Profile* request,
                                 v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Set", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_RETURN_IF_ERROR(CheckSettings(*request));
    CHAT_ASSIGN_OR_RETURN(v1::AccountReply account,
                          parts_.profiles.SetSettings(call, Own(call), *request));
    AddProfile(std::move(account), reply);
    return absl::OkStatus();
  });
}

grpc::Status ProfileService::Update(grpc::ServerContext* context, const v1::Profile* request,
                                    v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Update", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    CHAT_ASSIGN_OR_RETURN(v1::AccountReply account, parts_.profiles.Update(call, Own(call)));
    AddProfile(std::move(account), reply);
    return absl::OkStatus();
  });
}

grpc::Status ProfileService::Link(grpc::ServerContext* context, const v1::Profile* request,
                                  v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Link", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    return parts_.links.Link(call, *request, reply);
  });
}

grpc::Status ProfileService::Email(grpc::ServerContext* context, const v1::Profile* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Email", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    return parts_.links.Verify(call, *request, reply);
  });
}

grpc::Status ProfileService::Remove(grpc::ServerContext* context, const v1::Profile* request,
                                    v1::Reply*) {
  return rpc::Serve(context, "ProfileService/Remove", [&](const rpc::Call& call) -> absl::Status {
    CHAT_RETURN_IF_ERROR(CheckOwn(call, *request));
    return parts_.removals.Remove(call, Own(call));
  });
}

grpc::Status ProfileService::Migrate(grpc::ServerContext* context, const v1::Profile* request,
                                     v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Migrate", [&](const rpc::Call& call) {
    return parts_.moves.Begin(call, *request, reply);
  });
}

grpc::Status ProfileService::Phone(grpc::ServerContext* context, const v1::Profile* request,
                                   v1::Reply* reply) {
  return rpc::Serve(context, "ProfileService/Phone", [&](const rpc::Call& call) {
    return parts_.moves.Finish(call, *request, reply);
  });
}

}  // namespace chat::profile
