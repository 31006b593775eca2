#include "services/media/call_service.h"

#include "libs/base/clock.h"
#include "libs/base/status.h"
#include "libs/rpc/refusal.h"
#include "services/media/turn.h"

namespace chat::media {

grpc::Status CallService::Signal(grpc::ServerContext* context, const v1::Call* request,
                                 v1::Reply*) {
  return rpc::Serve(context, "CallService/Signal",
                    [&](const rpc::Call& call) { return calls_.Signal(call, *request); });
}

grpc::Status CallService::Turn(grpc::ServerContext* context, const v1::Call*, v1::Reply* reply) {
  return rpc::Serve(context, "CallService/Turn", [&](const rpc::Call& call) -> absl::Status {
    if (turn_.uri.empty()) return rpc::Refuse(v1::NOT_FOUND, "turn_uri: is not set");
    const int64_t expires_s = Clock::System().UnixMs() / 1000 + turn_.life_s;
    const TurnCredentials credentials =
        MakeTurnCredentials(turn_.secret, std::to_string(call.caller.account_id()), expires_s);
    v1::Io& io = *reply->add_records()->mutable_io();
    io.mutable_ok()->set_atom("turn");
    v1::Service& service = *io.mutable_service();
    service.set_id(turn_.uri);
    service.set_type("turn");
    service.set_login(credentials.user);
    service.set_password(credentials.password);
    service.set_expiration(expires_s * 1000);
    service.set_status("added");
    return absl::OkStatus();
  });
}

}  // namespace chat::media
