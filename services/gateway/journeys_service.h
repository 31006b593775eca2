#pragma once

#include <string>

#include "chat/v1/trace.grpc.pb.h"
#include "services/gateway/gateway_parts.h"

namespace chat::gateway {

// What `chat trace` asks a gateway: the notes of all its event loops about some messages.
class JourneysService final : public v1::JourneysInternal::CallbackService {
 public:
  JourneysService(GatewayParts& parts, std::string name) : parts_(parts), name_(std::move(name)) {}
  grpc::ServerUnaryReactor* Notes(grpc::CallbackServerContext* context,
                                  const v1::NotesRequest* request, v1::NotesReply* reply) override;

 private:
  GatewayParts& parts_;
  const std::string name_;
};

}  // namespace chat::gateway
