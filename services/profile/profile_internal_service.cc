#include "services/profile/profile_internal_service.h"

#include "libs/base/status.h"

namespace chat::profile {

absl::StatusOr<AccountId> ProfileInternalService::Ensure(const rpc::Call& call,
                                                         const std::string& phone) {
  CHAT_ASSIGN_OR_RETURN(Ensured found, store_.Ensure(call.deadline, phone));
  if (!found.removing) return found.id;
  CHAT_RETURN_IF_ERROR(removals_.Finish(call, {found.id, phone}));
  CHAT_ASSIGN_OR_RETURN(found, store_.Ensure(call.deadline, phone));
  if (found.removing) return absl::UnavailableError("the phone's account is being removed");
  return found.id;
}

grpc::Status ProfileInternalService::EnsureAccount(grpc::ServerContext* context,
                                                   const v1::EnsureAccountRequest* request,
                                                   v1::AccountReply* reply) {
  return rpc::Serve(
      context, "ProfileInternal/EnsureAccount", [&](const rpc::Call& call) -> absl::Status {
        std::optional<std::string> phone = NormalisePhone(request->phone());
        if (!phone) {
          return absl::InvalidArgumentError("EnsureAccountRequest.phone: is not a phone");
        }
        CHAT_ASSIGN_OR_RETURN(AccountId id, Ensure(call, *phone));
        CHAT_ASSIGN_OR_RETURN(*reply, profiles_.WithRoster(call, id, *phone));
        return absl::OkStatus();
      });
}

grpc::Status ProfileInternalService::Open(grpc::ServerContext* context,
                                          const v1::OpenProfileRequest* request,
                                          v1::AccountReply* reply) {
  return rpc::Serve(context, "ProfileInternal/Open", [&](const rpc::Call& call) -> absl::Status {
    CHAT_ASSIGN_OR_RETURN(
        *reply, profiles_.Open(call, AccountId{request->account_id()}, v1::Profile::INIT));
    return absl::OkStatus();
  });
}

}  // namespace chat::profile
