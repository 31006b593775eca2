#include "services/profile/profile_internal_service.h"

#include "libs/base/status.h"

namespace chat::profile {

grpc::Status ProfileInternalService::EnsureAccount(grpc::ServerContext* context,
                                                   const v1::EnsureAccountRequest* request,
                                                   v1::AccountReply* reply) {
  return rpc::Serve(
      context, "ProfileInternal/EnsureAccount", [&](const rpc::Call& call) -> absl::Status {
        std::optional<std::string> phone = NormalisePhone(request->phone());
        if (!phone) {
          return absl::InvalidArgumentError("EnsureAccountRequest.phone: is not a phone");
        }
        CHAT_ASSIGN_OR_RETURN(*reply, profiles_.Ensure(call, *phone));
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
