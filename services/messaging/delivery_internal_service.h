// DeliveryInternal: MQTT sessions and replay, for gateways.
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/horizon.h"
#include "services/messaging/object_links.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_replay_store.h"
#include "services/messaging/pg_session_store.h"

namespace chat::messaging {

class DeliveryInternalService : public v1::DeliveryInternal::Service {
 public:
  DeliveryInternalService(PgSessionStore& sessions, PgReplayStore& replay,
                          PgProjectionStore& projections, const Horizon& horizon,
                          const ObjectLinks& links)
      : sessions_(sessions),
        replay_(replay),
        projections_(projections),
        horizon_(horizon),
        links_(links) {}
  grpc::Status OpenSession(grpc::ServerContext* context, const v1::OpenSessionRequest* request,
                           v1::OpenSessionReply* reply) override;
  grpc::Status CloseSession(grpc::ServerContext* context, const v1::CloseSessionRequest* request,
                            v1::CloseSessionReply* reply) override;
  grpc::Status FlushCursors(grpc::ServerContext* context, const v1::FlushCursorsRequest* request,
                            v1::FlushCursorsReply* reply) override;
  grpc::Status Replay(grpc::ServerContext* context, const v1::ReplayRequest* request,
                      v1::ReplayReply* reply) override;
  // `horizon` in the reply: everything up to it that concerns the accounts is among what they were
  // said to have, whether Redis took it or not.
  grpc::Status ChangedSince(grpc::ServerContext* context, const v1::ChangedSinceRequest* request,
                            v1::ChangedSinceReply* reply) override;

  grpc::Status RoomFeeds(grpc::ServerContext* context, const v1::RoomFeedsRequest* request,
                         v1::RoomFeedsReply* reply) override;

 private:
  absl::StatusOr<int64_t> Stable() const;
  PgSessionStore& sessions_;
  PgReplayStore& replay_;
  PgProjectionStore& projections_;
  const Horizon& horizon_;
  const ObjectLinks& links_;
};

}  // namespace chat::messaging
