// FeedsInternal: what other owners tell, and what roster and gateway ask about feeds.
#pragma once

#include "chat/v1/messaging.grpc.pb.h"
#include "services/messaging/announcement_sink.h"
#include "services/messaging/object_links.h"
#include "services/messaging/pg_history_store.h"
#include "services/messaging/pg_message_store.h"
#include "services/messaging/pg_object_uses.h"
#include "services/messaging/pg_projection_store.h"
#include "services/messaging/pg_session_store.h"
#include "services/messaging/transient_lane.h"

namespace chat::messaging {

class FeedsInternalService : public v1::FeedsInternal::Service {
 public:
  // All outlive the service.
  FeedsInternalService(PgProjectionStore& projections, PgHistoryStore& history,
                       PgMessageStore& messages, PgSessionStore& sessions, AnnouncementSink& sink,
                       TransientLane& lane, PgObjectUses& objects, const ObjectLinks& links)
      : projections_(projections),
        history_(history),
        messages_(messages),
        sessions_(sessions),
        sink_(sink),
        lane_(lane),
        objects_(objects),
        links_(links) {}
  grpc::Status Apply(grpc::ServerContext* context, const v1::ApplyRequest* request,
                     v1::ApplyReply* reply) override;
  grpc::Status Views(grpc::ServerContext* context, const v1::ViewsRequest* request,
                     v1::ViewsReply* reply) override;
  grpc::Status Access(grpc::ServerContext* context, const v1::FeedAccessRequest* request,
                      v1::FeedAccessReply* reply) override;

  grpc::Status Relay(grpc::ServerContext* context, const v1::RelayRequest* request,
                     v1::RelayReply* reply) override;
  grpc::Status Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                    v1::Message* reply) override;
  grpc::Status ReadMany(grpc::ServerContext* context, const v1::ReadManyRequest* request,
                        v1::ReadManyReply* reply) override;
  grpc::Status MayRead(grpc::ServerContext* context, const v1::MayReadRequest* request,
                       v1::MayReadReply* reply) override;
  grpc::Status EndSessions(grpc::ServerContext* context, const v1::EndSessionsRequest* request,
                           v1::EndSessionsReply* reply) override;

 private:
  PgProjectionStore& projections_;
  PgHistoryStore& history_;
  PgMessageStore& messages_;
  PgSessionStore& sessions_;
  AnnouncementSink& sink_;
  TransientLane& lane_;
  PgObjectUses& objects_;
  const ObjectLinks& links_;
};

}  // namespace chat::messaging
