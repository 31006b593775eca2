// Typing (PROTOCOL 5.6.7): relayed to the devices of both sides that are connected, never stored,
// at QoS 0. Nothing is answered, and what is refused or cannot be relayed vanishes; it is counted.
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "libs/rpc/call.h"
#include "services/messaging/announcer.h"
#include "services/messaging/pg_projection_store.h"

namespace chat::messaging {

class TypingService : public v1::TypingService::Service {
 public:
  // `projections` and what `publish` calls outlive the service.
  TypingService(PgProjectionStore& projections, RedisPublish publish)
      : projections_(projections), publish_(std::move(publish)) {}
  grpc::Status Relay(grpc::ServerContext* context, const v1::Typing* request,
                     v1::Reply* reply) override;

 private:
  // Refusals: permission_denied.
  absl::Status Publish(const rpc::Call& call, const v1::Typing& typing);

  PgProjectionStore& projections_;
  const RedisPublish publish_;
};

}  // namespace chat::messaging
