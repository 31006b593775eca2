#include "services/gateway/gateway_service.h"

#include <utility>

#include "libs/rpc/call.h"
#include "services/gateway/session/hand_over.h"

namespace chat::gateway {

grpc::ServerUnaryReactor* GatewayService::TakeOver(grpc::CallbackServerContext* context,
                                                   const v1::TakeOverRequest* request,
                                                   v1::TakeOverReply* reply) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  TakeOverHere(
      parts_, request->session_id(), request->epoch(),
      [reactor, reply, call = rpc::FromServerContext(*context),
       begin = std::chrono::steady_clock::now()](v1::TakeOverReply left) {
        *reply = std::move(left);
        reactor->Finish(rpc::Served(call, "GatewayInternal/TakeOver", begin, absl::OkStatus()));
      });
  return reactor;
}

}  // namespace chat::gateway
