#include "services/gateway/gateway_service.h"

#include "libs/log/log.h"
#include "libs/rpc/call.h"
#include "services/gateway/worker.h"

namespace chat::gateway {

grpc::ServerUnaryReactor* GatewayService::TakeOver(grpc::CallbackServerContext* context,
                                                   const v1::TakeOverRequest* request,
                                                   v1::TakeOverReply* reply) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  auto finish = [reactor, call = rpc::FromServerContext(*context),
                 begin = std::chrono::steady_clock::now()] {
    reactor->Finish(rpc::Served(call, "GatewayInternal/TakeOver", begin, absl::OkStatus()));
  };
  const auto older = parts_.registry.Older(request->session_id(), request->epoch());
  if (!older) {
    if (auto left = parts_.ends->Take(request->session_id(), request->epoch())) {
      *reply = *std::move(left);
    }
    finish();
    return reactor;
  }
  log::Info("session taken over",
            {{"session", request->session_id()}, {"epoch", request->epoch()}});
  parts_.workers[older->worker]->FindClient(
      older->client, [this, request, finish, reply](Client* client) {
        if (client == nullptr) {
          if (auto left = parts_.ends->Take(request->session_id(), request->epoch())) {
            *reply = *std::move(left);
          }
        } else {
          client->TakenOver([reply](v1::Cursors cursor, v1::SessionState state) {
            reply->set_found(true);
            *reply->mutable_cursor() = std::move(cursor);
            *reply->mutable_state() = std::move(state);
          });
        }
        finish();
      });
  return reactor;
}

}  // namespace chat::gateway
