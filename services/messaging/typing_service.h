// Typing (PROTOCOL 5.6.7): relayed to the devices of the feed that are connected, never stored, at
// QoS 0. Nothing is answered, and what is refused or cannot be relayed vanishes; it is counted.
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/messaging/transient_lane.h"

namespace chat::messaging {

class TypingService : public v1::TypingService::Service {
 public:
  explicit TypingService(TransientLane& lane) : lane_(lane) {}  // outlives the service
  grpc::Status Relay(grpc::ServerContext* context, const v1::Typing* request,
                     v1::Reply* reply) override;

 private:
  // Refusals: permission_denied.
  absl::Status Publish(const rpc::Call& call, const v1::Typing& typing);

  TransientLane& lane_;
};

}  // namespace chat::messaging
