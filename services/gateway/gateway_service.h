#pragma once

#include "chat/v1/gateway.grpc.pb.h"
#include "services/gateway/gateway_parts.h"

namespace chat::gateway {

// What other gateways ask: to let go of a session (delivery promise, part 8). Answers when the
// older connection is closed, or at once when it is not here.
class GatewayService final : public v1::GatewayInternal::CallbackService {
 public:
  explicit GatewayService(GatewayParts& parts) : parts_(parts) {}
  grpc::ServerUnaryReactor* TakeOver(grpc::CallbackServerContext* context,
                                     const v1::TakeOverRequest* request,
                                     v1::TakeOverReply* reply) override;

 private:
  GatewayParts& parts_;
};

}  // namespace chat::gateway
